"""The gateway's app over fakes, with an instant worker that a test scripts."""

from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.dependencies import Dependencies
from gateway.health import MemoryHealth
from gateway.metrics import Metrics
from gateway.queue.conversations import MemoryConversations
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.job_canceller import MemoryJobCanceller
from gateway.queue.job_store import MemoryJobStore
from gateway.queue.memory_publisher import MemoryPublisher
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import QueueLimits
from gateway.settings import GatewaySettings
from shared import results
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone, WorkerStatus
from shared.results import Failure
from shared.settings import load
from tests.fakes.clock import ManualClock
from tests.fakes.gateway import FakeReplyFeed

LIMITS = QueueLimits(messages=40, job_ttl_seconds=60, lane_ttl_seconds=60)


def worker_status(queue: str, **counters: float) -> WorkerStatus:
    """Return a heartbeat of a worker on a queue."""
    return WorkerStatus(f"{queue}-1", queue, "simulated", 7, "host", 1.0, counters)


def reply_to(job: ChatJob) -> Reply:
    """Return a plain reply to a job."""
    return Reply(
        response=f"You said {len(job.message)} characters.",
        job_id=job.id,
        conversation_id=job.conversation_id,
        tone=Tone("neutral", 0.8),
        answer=Answer("answer", "greeting", 0.9),
        timings=Timings(1, 1, 1, 1, 4),
        engine="litert",
    )


@dataclass
class Stand:
    """An app and everything behind it."""

    clock: ManualClock = field(default_factory=ManualClock)
    room: PendingReplies = field(default_factory=PendingReplies)
    jobs: MemoryJobStore = field(default_factory=MemoryJobStore)
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    health: MemoryHealth = field(default_factory=MemoryHealth)
    metrics: Metrics = field(default_factory=Metrics)
    published: list[ChatJob] = field(default_factory=list)
    settings: GatewaySettings = field(default_factory=lambda: load(GatewaySettings, wait_seconds=5))

    def __post_init__(self) -> None:
        self.publisher = MemoryPublisher(LIMITS)
        self.publisher.on_publish = self.published.append
        self.feed = FakeReplyFeed(self.room)
        self.canceller = MemoryJobCanceller(self.jobs)
        self.disconnect_watcher = DisconnectWatcher(poll_seconds=3_600)
        self.dispatcher = Dispatcher(
            self.publisher,
            self.room,
            self.jobs,
            self.canceller,
            self.disconnect_watcher,
            self.clock,
            gateway_id="g-1",
            deadline_seconds=30,
        )
        self.health.alive = [worker_status("inference"), worker_status("sentiment")]
        self.app: Flask = create_app(
            Dependencies(
                self.dispatcher,
                self.jobs,
                self.canceller,
                self.feed,
                self.conversations,
                self.health,
                self.metrics,
            ),
            self.settings,
        )

    @property
    def client(self) -> FlaskClient:
        """Return a new HTTP client."""
        return self.app.test_client()

    def answer_at_once(self) -> None:
        """Reply to every job from now on."""

        def answer(job: ChatJob) -> None:
            self.published.append(job)
            body = results.encode_reply(reply_to(job))
            self.feed.publish(results.encode_notification(job.id, "done", body))

        self.publisher.on_publish = answer

    def fail_at_once(self, failure: Failure) -> None:
        """End every job from now on in this failure."""

        def fail(job: ChatJob) -> None:
            self.published.append(job)
            body = results.encode_failure(failure)
            self.feed.publish(results.encode_notification(job.id, failure.state, body))

        self.publisher.on_publish = fail
