"""Composition root of a gateway process: `gunicorn -c python:gateway.gunicorn_conf`."""

import os
from typing import Any, cast

import redis
from flask import Flask
from prometheus_client import disable_created_metrics

from gateway.app import create_app
from gateway.cancellation import RedisCancellation
from gateway.conversations import RedisConversations
from gateway.departures import Departures
from gateway.dispatch import Dispatcher, new_gateway_id
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
    """Return the app of one gateway process; it listens for replies from now on."""
    settings = load(GatewaySettings)
    write_lines(settings.log_level)
    cast("Any", disable_created_metrics)()
    client = connect(settings.redis_address, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    ports = connect_ports(client, settings)
    return create_app(ports, settings, many_processes="PROMETHEUS_MULTIPROC_DIR" in os.environ)


def connect_ports(client: "redis.Redis", settings: GatewaySettings) -> Ports:
    """Put the Redis adapters together and start the reply feed."""
    clock, room, gateway_id = SystemClock(), WaitingRoom(), new_gateway_id()
    meters, jobs = Meters(), RedisJobStore(client)

    def on_delivery(replies: int) -> None:
        meters.count_replies(replies, still_waiting=len(room))

    def on_enqueue(enqueued: int) -> None:
        meters.count_enqueued(enqueued, waiting=len(room))

    feed = RedisReplyFeed(client, gateway_id, room, jobs.finished, on_delivery=on_delivery)
    feed.start()
    limits = queue_limits(settings)
    publisher = RedisPublisher(client, limits, on_enqueue)
    deadline = settings.job_deadline_seconds
    cancellation = RedisCancellation(client, clock, limits)
    dispatcher = Dispatcher(
        publisher,
        room,
        jobs,
        cancellation,
        Departures(),
        clock,
        gateway_id=gateway_id,
        deadline_seconds=deadline,
        observe_enqueue=meters.enqueue_seconds.observe,
    )
    return Ports(
        dispatcher,
        jobs,
        cancellation,
        feed,
        RedisConversations(client, clock, limits),
        RedisHealth(client),
        meters,
    )


def queue_limits(settings: GatewaySettings) -> QueueLimits:
    """Return what may wait; what is known of a job, and its lane, outlive the job's time."""
    deadline_seconds = int(settings.job_deadline_seconds)
    return QueueLimits(
        messages=settings.queue_limit,
        job_ttl_seconds=60 + deadline_seconds + settings.result_ttl_seconds,
        lane_ttl_seconds=60 + 2 * deadline_seconds,
        longest_wait_seconds=settings.job_deadline_seconds,
    )
