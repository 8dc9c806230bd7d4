"""Composition root of a gateway process: `gunicorn 'gateway.wsgi:create()'`."""

import os

from flask import Flask

from gateway.app import create_app
from gateway.conversations import RedisConversations
from gateway.dispatch import Dispatcher, new_gateway_id
from gateway.drain_rate import DrainRate
from gateway.health import RedisHealth
from gateway.job_store import RedisJobStore
from gateway.logs import write_lines
from gateway.meters import Meters
from gateway.ports import Ports
from gateway.publisher import QueueLimits, RedisPublisher
from gateway.reply_feed import RedisReplyFeed
from gateway.settings import GatewaySettings
from gateway.waiting_room import WaitingRoom
from shared.clock import SystemClock
from shared.connection import connect
from shared.settings import load

REDIS_TIMEOUT_SECONDS = 1.2  # with one retry a dead Redis is told of within 3 s


def create() -> Flask:
    """Return the app of one gateway process and begin to listen for replies."""
    settings = load(GatewaySettings)
    write_lines(settings.log_level)
    client = connect(settings.redis_address, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    meters, clock, room, gateway_id = Meters(), SystemClock(), WaitingRoom(), new_gateway_id()
    drain_rate, jobs = DrainRate(clock), RedisJobStore(client)

    def count_replies(replies: int) -> None:
        drain_rate.count(replies)
        meters.replies.inc(replies)

    feed = RedisReplyFeed(client, gateway_id, room, jobs.finished, on_delivery=count_replies)
    feed.start()
    publisher = RedisPublisher(
        client, queue_limits(settings), drain_rate, meters.enqueued_together.observe
    )
    dispatcher = Dispatcher(
        publisher,
        room,
        jobs,
        clock,
        gateway_id=gateway_id,
        deadline_seconds=settings.job_deadline_seconds,
    )
    ports = Ports(dispatcher, jobs, feed, RedisConversations(client), RedisHealth(client), meters)
    return create_app(ports, settings, many_processes="PROMETHEUS_MULTIPROC_DIR" in os.environ)


def queue_limits(settings: GatewaySettings) -> QueueLimits:
    """Return what may wait; a lane outlives every job that can hold it."""
    return QueueLimits(
        messages=settings.queue_limit,
        job_ttl_seconds=settings.result_ttl_seconds,
        lane_ttl_seconds=60 + 2 * int(settings.job_deadline_seconds),
    )
