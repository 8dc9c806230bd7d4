"""The gateway's app over fakes, with an instant worker that a test scripts."""

from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.cancellation import MemoryCancellation
from gateway.conversations import MemoryConversations
from gateway.departures import Departures
from gateway.dispatch import Dispatcher
from gateway.health import MemoryHealth
from gateway.job_store import MemoryJobStore
from gateway.memory_publisher import MemoryPublisher
from gateway.meters import Meters
from gateway.ports import Ports
from gateway.publisher import QueueLimits
from gateway.reply_feed import MemoryReplyFeed
from gateway.settings import GatewaySettings
from gateway.waiting_room import WaitingRoom
from shared import outcomes
from shared.clock import ManualClock
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone, WorkerStatus
from shared.outcomes import Failure
from shared.settings import load

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
    room: WaitingRoom = field(default_factory=WaitingRoom)
    jobs: MemoryJobStore = field(default_factory=MemoryJobStore)
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    health: MemoryHealth = field(default_factory=MemoryHealth)
    meters: Meters = field(default_factory=Meters)
    published: list[ChatJob] = field(default_factory=list)
    settings: GatewaySettings = field(default_factory=lambda: load(GatewaySettings, wait_seconds=5))

    def __post_init__(self) -> None:
        self.publisher = MemoryPublisher(LIMITS)
        self.publisher.on_publish = self.published.append
        self.feed = MemoryReplyFeed(self.room)
        self.cancellation = MemoryCancellation(self.jobs)
        self.departures = Departures(look_seconds=3_600)
        self.dispatcher = Dispatcher(
            self.publisher,
            self.room,
            self.jobs,
            self.cancellation,
            self.departures,
            self.clock,
            gateway_id="g-1",
            deadline_seconds=30,
        )
        self.health.alive = [worker_status("inference"), worker_status("sentiment")]
        self.app: Flask = create_app(
            Ports(
                self.dispatcher,
                self.jobs,
                self.cancellation,
                self.feed,
                self.conversations,
                self.health,
                self.meters,
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
            body = outcomes.encode_reply(reply_to(job))
            self.feed.announce(outcomes.announcement(job.id, "done", body))

        self.publisher.on_publish = answer

    def fail_at_once(self, failure: Failure) -> None:
        """End every job from now on in this failure."""

        def fail(job: ChatJob) -> None:
            self.published.append(job)
            body = outcomes.encode_failure(failure)
            self.feed.announce(outcomes.announcement(job.id, failure.state, body))

        self.publisher.on_publish = fail
