"""Composition root of a gateway process: `gunicorn -c python:gateway.gunicorn_conf`."""

import atexit
import logging
import os
from collections.abc import Sequence
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
from gateway.job_streams import JobStreams
from gateway.metrics import Metrics
from gateway.partitioned.compose import connect_ports
from gateway.queue.adapters import QueueOptions
from gateway.queue.conversation_feed import RedisConversationFeed
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher, new_gateway_id
from gateway.queue.drafts import RedisDrafts
from gateway.queue.job_store import JobStore
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import EnqueueLimits
from gateway.queue.reply_feed import RedisReplyFeed
from gateway.queue.sending import untraced
from gateway.queue.watches import StreamPlaces, Watches
from gateway.rate_limits import take_pending_charge
from gateway.request_traces import RequestTraces
from gateway.settings import GatewaySettings
from gateway.webhook.delivery import HttpDelivery
from gateway.webhook.outbox import Outbox
from gateway.webhook.sender import WebhookSender
from shared.clock import Clock, SystemClock
from shared.errors import UnsuitableRedis
from shared.key_store import RedisKeyStore
from shared.logs import configure_logging
from shared.partitions import Partitions, connect_partitions
from shared.protocol_version import (
    ProtocolKeeper,
    ProtocolRegister,
    check_protocol_at_start,
)
from shared.redis_server import check_redis_at_start
from shared.replica_acks import ReplicaAcks
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
    partitions = connect_partitions(
        settings.redis_address, settings.partitions, timeout_seconds=REDIS_TIMEOUT_SECONDS
    )
    ProtocolKeeper(ProtocolRegister(partitions.home), process).start()
    traces = _open_traces(settings)
    dependencies = connect_dependencies(partitions, settings, traces)
    start_sampler(partitions, dependencies)
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
        check_redis_at_start(settings.redis_address, settings.partitions)
        check_protocol_at_start(settings.redis_address, process, settings.partitions)
    except UnsuitableRedis as fault:
        logger.critical("this gateway cannot start: %s", fault)
        raise SystemExit(_BOOT_FAILED) from None


def _open_traces(settings: GatewaySettings) -> RequestTraces | None:
    tracer = open_tracer(settings, "parley-gateway")
    if tracer is None:
        return None
    atexit.register(tracer.close)
    return RequestTraces(tracer)


def start_webhook(outbox: Outbox, settings: GatewaySettings, metrics: Metrics) -> None:
    """Send what becomes of handovers to the webhook, if there is one."""
    url, secret = settings.handover_webhook, settings.handover_webhook_secret
    if url and secret:
        clock = SystemClock()
        deliver = HttpDelivery(url, secret.get_secret_value(), clock)
        WebhookSender(outbox, deliver, clock, metrics.count_delivery).start()


def start_sampler(partitions: Partitions, dependencies: Dependencies) -> None:
    """Take the dashboard's samples, if no other gateway process does."""
    clock = SystemClock()
    traffic = dependencies.traffic
    observer = RedisObserver(
        partitions.clients, dependencies.health, dependencies.handovers, traffic, clock
    )
    meter = Meter(TrafficMeter(traffic))
    Sampler(new_gateway_id(), RedisHistory(partitions.home), observer, meter, clock).start()


def connect_dependencies(
    partitions: Partitions, settings: GatewaySettings, traces: RequestTraces | None = None
) -> Dependencies:
    """Put the Redis adapters together; start the reply feed, and the webhook if there is one."""
    clock, metrics, pending = SystemClock(), Metrics(), PendingReplies()
    disconnect_watcher = DisconnectWatcher()
    options = _options(settings, clock, metrics, pending)
    ports = connect_ports(partitions, settings.queue_lists, options)
    start_webhook(ports.outbox, settings, metrics)
    places = StreamPlaces(settings.event_streams, metrics.count_streams)
    job_watches = Watches(places)
    dispatcher = Dispatcher(
        ports.publisher,
        pending,
        ports.jobs,
        ports.canceller,
        disconnect_watcher,
        clock,
        gateway_id=options.gateway_id,
        deadline_seconds=settings.job_deadline_seconds,
        observe_enqueue=metrics.enqueue_seconds.observe,
        begin_sending=traces.begin_sending if traces else untraced,
        placement=ports.placement,
    )
    client, listeners = partitions.home, partitions.clients
    return Dependencies(
        dispatcher=dispatcher,
        jobs=ports.jobs,
        results=ports.jobs,
        canceller=ports.canceller,
        feed=_start_feed(listeners, options.gateway_id, pending, ports.jobs, job_watches, metrics),
        conversations=ports.conversations,
        handovers=ports.handovers,
        feedback=ports.feedback,
        ratings=ports.ratings,
        stories=ports.stories,
        gaps=ports.gaps,
        drafts=RedisDrafts(client),
        users=ports.users,
        traffic=ports.traffic,
        watches=Watches(places, lambda watches: RedisConversationFeed(listeners, watches).start()),
        job_streams=JobStreams(ports.follower, job_watches, disconnect_watcher, dispatcher),
        histories=ports.histories,
        disconnect_watcher=disconnect_watcher,
        health=ports.health,
        board=Board(RedisHistory(client), clock),
        metrics=metrics,
        authenticator=authenticate(client, settings),
        rate_limiter=ports.rate_limiter,
        admission=ports.admission,
    )


def _options(
    settings: GatewaySettings, clock: Clock, metrics: Metrics, pending: PendingReplies
) -> QueueOptions:
    def on_enqueue(enqueued: int) -> None:
        metrics.count_enqueued(enqueued, waiting=len(pending))

    return QueueOptions(
        gateway_id=new_gateway_id(),
        clock=clock,
        limits=enqueue_limits(settings),
        conversation_ttl_seconds=settings.conversation_ttl_seconds,
        on_enqueue=on_enqueue,
        take_charge=take_pending_charge,
        acks=ReplicaAcks(settings.replica_acks, metrics.count_missing_acks),
    )


def _start_feed(
    clients: Sequence["redis.Redis"],
    gateway_id: str,
    pending: PendingReplies,
    jobs: JobStore,
    watches: Watches,
    metrics: Metrics,
) -> RedisReplyFeed:
    def on_delivery(replies: int) -> None:
        metrics.count_replies(replies, still_waiting=len(pending))

    feed = RedisReplyFeed(
        clients, gateway_id, pending, jobs.finished, watches, on_delivery=on_delivery
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
        max_wait_seconds=settings.longest_wait_seconds,
    )
