"""Composition root of a gateway process: `gunicorn -c python:gateway.gunicorn_conf`."""

import atexit
import logging
import os
from typing import Any, cast

import redis
from flask import Flask
from prometheus_client import disable_created_metrics

from gateway.app import create_app
from gateway.authentication import Authenticator
from gateway.dashboard.board import Board
from gateway.dashboard.history import RedisHistory
from gateway.dashboard.meter import Meter
from gateway.dashboard.observation import RedisObserver
from gateway.dashboard.sampler import Sampler
from gateway.dashboard.traffic_meter import TrafficMeter
from gateway.dependencies import Dependencies
from gateway.health import RedisHealth
from gateway.job_streams import JobStreams
from gateway.metrics import Metrics
from gateway.queue.conversation_feed import RedisConversationFeed
from gateway.queue.conversations import RedisConversations
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher, new_gateway_id
from gateway.queue.drafts import RedisDrafts
from gateway.queue.erasure import RedisErasure
from gateway.queue.feedback import RedisFeedbackBox
from gateway.queue.gaps import RedisGaps
from gateway.queue.handovers import RedisHandovers
from gateway.queue.histories import RedisHistories
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import RedisJobFollower
from gateway.queue.job_store import RedisJobStore
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import EnqueueLimits, RedisPublisher
from gateway.queue.rate_limiter import RedisRateLimiter
from gateway.queue.ratings import RedisRatings
from gateway.queue.reply_feed import RedisReplyFeed
from gateway.queue.sending import untraced
from gateway.queue.stories import RedisStories
from gateway.queue.traffic import RedisTraffic
from gateway.queue.watches import StreamPlaces, Watches
from gateway.rate_limits import take_pending_charge
from gateway.request_traces import RequestTraces
from gateway.settings import GatewaySettings
from gateway.webhook.delivery import HttpDelivery
from gateway.webhook.outbox import RedisOutbox
from gateway.webhook.sender import WebhookSender
from shared.clock import SystemClock
from shared.connection import connect
from shared.errors import UnsuitableRedis
from shared.key_store import RedisKeyStore
from shared.logs import configure_logging
from shared.protocol_version import (
    ProtocolKeeper,
    ProtocolRegister,
    check_protocol_at_start,
)
from shared.redis_server import check_redis_at_start
from shared.settings import load
from shared.tracing.start import open_tracer

logger = logging.getLogger(__name__)

STREAMS = "parley.streams"  # the app's extension that gunicorn ends when the process stops
_BOOT_FAILED = 3  # gunicorn's own number: it starts no further process
REDIS_TIMEOUT_SECONDS = 1.2  # with one retry a dead Redis is reported within 3 s


def create() -> Flask:
    """Return the app of one gateway process; it listens for replies from now on."""
    settings = load(GatewaySettings)
    configure_logging(settings.log_format, settings.log_level)
    cast("Any", disable_created_metrics)()
    process = f"gateway.{new_gateway_id()}"
    _check_redis(settings, process)
    client = connect(settings.redis_address, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    ProtocolKeeper(ProtocolRegister(client), process).start()
    traces = _open_traces(settings)
    dependencies = connect_dependencies(client, settings, traces)
    start_webhook(client, settings, dependencies.metrics)
    start_sampler(client, settings)
    app = create_app(
        dependencies,
        settings,
        many_processes="PROMETHEUS_MULTIPROC_DIR" in os.environ,
        traces=traces,
    )
    app.extensions[STREAMS] = (dependencies.watches, dependencies.job_streams)
    return app


def _check_redis(settings: GatewaySettings, process: str) -> None:
    """End gunicorn, not only this process of it, if Redis or its data is not to be served."""
    try:
        check_redis_at_start(settings.redis_address)
        check_protocol_at_start(settings.redis_address, process)
    except UnsuitableRedis as fault:
        logger.critical("this gateway cannot start: %s", fault)
        raise SystemExit(_BOOT_FAILED) from None


def _open_traces(settings: GatewaySettings) -> RequestTraces | None:
    tracer = open_tracer(settings, "parley-gateway")
    if tracer is None:
        return None
    atexit.register(tracer.close)
    return RequestTraces(tracer)


def start_webhook(client: "redis.Redis", settings: GatewaySettings, metrics: Metrics) -> None:
    """Send what becomes of handovers to the webhook, if there is one."""
    url, secret = settings.handover_webhook, settings.handover_webhook_secret
    if url and secret:
        clock = SystemClock()
        deliver = HttpDelivery(url, secret.get_secret_value(), clock)
        WebhookSender(RedisOutbox(client), deliver, clock, metrics.count_delivery).start()


def start_sampler(client: "redis.Redis", settings: GatewaySettings) -> None:
    """Take the dashboard's samples, if no other gateway process does."""
    clock = SystemClock()
    traffic = RedisTraffic(client, clock)
    observer = RedisObserver(
        client,
        RedisHealth(client, settings.queue_lists),
        RedisHandovers(client, clock, settings.conversation_ttl_seconds),
        traffic,
        clock,
    )
    meter = Meter(TrafficMeter(traffic))
    Sampler(new_gateway_id(), RedisHistory(client), observer, meter, clock).start()


def connect_dependencies(
    client: "redis.Redis", settings: GatewaySettings, traces: RequestTraces | None = None
) -> Dependencies:
    """Put the Redis adapters together and start the reply feed."""
    clock, metrics, limits = SystemClock(), Metrics(), enqueue_limits(settings)
    gateway_id, pending = new_gateway_id(), PendingReplies()
    disconnect_watcher = DisconnectWatcher()
    canceller = RedisJobCanceller(client, clock, limits)
    jobs = RedisJobStore(client, canceller.expire_overdue, clock)
    places = StreamPlaces(settings.event_streams, metrics.count_streams)
    job_watches = Watches(places)
    dispatcher = Dispatcher(
        _publisher(client, limits, metrics, pending),
        pending,
        jobs,
        canceller,
        disconnect_watcher,
        clock,
        gateway_id=gateway_id,
        deadline_seconds=settings.job_deadline_seconds,
        observe_enqueue=metrics.enqueue_seconds.observe,
        begin_sending=traces.begin_sending if traces else untraced,
    )
    handovers = RedisHandovers(client, clock, settings.conversation_ttl_seconds)
    follower = RedisJobFollower(
        client, gateway_id, limits.job_ttl_seconds, canceller.expire_overdue, clock
    )
    return Dependencies(
        dispatcher=dispatcher,
        jobs=jobs,
        results=jobs,
        canceller=canceller,
        feed=_start_feed(client, gateway_id, pending, jobs, job_watches, metrics),
        conversations=RedisConversations(client, clock, limits),
        handovers=handovers,
        feedback=RedisFeedbackBox(client, clock),
        ratings=RedisRatings(client),
        stories=RedisStories(client, handovers, clock),
        gaps=RedisGaps(client),
        drafts=RedisDrafts(client),
        users=RedisErasure(client, clock, limits),
        traffic=RedisTraffic(client, clock),
        watches=Watches(places, lambda watches: RedisConversationFeed(client, watches).start()),
        job_streams=JobStreams(follower, job_watches, disconnect_watcher, dispatcher),
        histories=RedisHistories(client, settings.conversation_ttl_seconds),
        disconnect_watcher=disconnect_watcher,
        health=RedisHealth(client, settings.queue_lists),
        board=Board(RedisHistory(client), clock),
        metrics=metrics,
        authenticator=authenticate(client, settings),
        rate_limiter=RedisRateLimiter(client),
    )


def _publisher(
    client: "redis.Redis", limits: EnqueueLimits, metrics: Metrics, pending: PendingReplies
) -> RedisPublisher:
    def on_enqueue(enqueued: int) -> None:
        metrics.count_enqueued(enqueued, waiting=len(pending))

    return RedisPublisher(client, limits, on_enqueue, take_charge=take_pending_charge)


def _start_feed(
    client: "redis.Redis",
    gateway_id: str,
    pending: PendingReplies,
    jobs: RedisJobStore,
    watches: Watches,
    metrics: Metrics,
) -> RedisReplyFeed:
    def on_delivery(replies: int) -> None:
        metrics.count_replies(replies, still_waiting=len(pending))

    feed = RedisReplyFeed(
        client, gateway_id, pending, jobs.finished, watches, on_delivery=on_delivery
    )
    feed.start()
    return feed


def authenticate(client: "redis.Redis", settings: GatewaySettings) -> Authenticator:
    """Return what finds out who sends a request; beyond this machine it always asks for a key."""
    return Authenticator(
        RedisKeyStore(client), settings.given_keys, SystemClock(), always=settings.asks_always
    )


def enqueue_limits(settings: GatewaySettings) -> EnqueueLimits:
    """Return what may wait; what is known of a job, and its lane, outlive the job's time."""
    deadline_seconds = int(settings.job_deadline_seconds)
    return EnqueueLimits(
        messages=settings.queue_limit,
        job_ttl_seconds=60 + deadline_seconds + settings.result_ttl_seconds,
        lane_ttl_seconds=60 + 2 * deadline_seconds,
        max_wait_seconds=settings.job_deadline_seconds,
    )
