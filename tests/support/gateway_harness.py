"""The gateway's app over fakes, with an instant worker that a test scripts."""

from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.authentication import Authenticator
from gateway.dashboard.board import Board
from gateway.dependencies import Dependencies
from gateway.job_streams import JobStreams
from gateway.metrics import Metrics
from gateway.queue.admission_gate import AdmissionGate
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.sending import untraced
from gateway.queue.watches import StreamPlaces, Watches
from gateway.rate_limits import take_pending_charge
from gateway.request_traces import RequestTraces
from gateway.settings import GatewaySettings
from shared import results
from shared.jobs import Answer, ChatJob, JobState, Reply, Timings, Tone
from shared.results import Failure, JobRecord
from shared.settings import load
from shared.tracing.tracer import Tracer
from shared.worker_status import WorkerStatus
from tests.fakes.access import FakeKeyStore, FakeRateLimiter
from tests.fakes.clock import ManualClock
from tests.fakes.dashboard import FakeHistory
from tests.fakes.desk import (
    FakeDrafts,
    FakeFeedbackBox,
    FakeGaps,
    FakeHandovers,
    FakeRatings,
    FakeStories,
)
from tests.fakes.gateway import (
    FakeConversations,
    FakeHistories,
    FakeJobCanceller,
    FakeJobFollower,
    FakeJobStore,
    FakeReplyFeed,
    FakeUsers,
    RecordingPublisher,
)
from tests.fakes.operations import FakeHealth, FakeTraffic


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
class GatewayHarness:
    """An app and everything behind it."""

    clock: ManualClock = field(default_factory=ManualClock)
    pending: PendingReplies = field(default_factory=PendingReplies)
    limiter: FakeRateLimiter = field(default_factory=FakeRateLimiter)
    jobs: FakeJobStore = field(default_factory=FakeJobStore)
    conversations: FakeConversations = field(default_factory=FakeConversations)
    health: FakeHealth = field(default_factory=FakeHealth)
    metrics: Metrics = field(default_factory=Metrics)
    keys: FakeKeyStore = field(default_factory=FakeKeyStore)
    always: bool = False  # keys are asked for though there is none
    tracer: Tracer | None = None
    max_streams: int = 2
    settings: GatewaySettings = field(default_factory=lambda: load(GatewaySettings, wait_seconds=5))

    def __post_init__(self) -> None:
        self.admission = AdmissionGate(self.clock)
        self.publisher = RecordingPublisher(self._charge, self.admission.hear)
        self.canceller = FakeJobCanceller(self.jobs)
        self.handovers = FakeHandovers(self.conversations, self.clock)
        self.feedback = FakeFeedbackBox(self.jobs)
        self.ratings = FakeRatings()
        self.stories = FakeStories(self.conversations, self.handovers, self.jobs)
        self.drafts = FakeDrafts()
        self.gaps = FakeGaps(self.drafts)
        self.histories = FakeHistories()
        self.users = FakeUsers()
        self.traffic = FakeTraffic()
        self.history = FakeHistory()
        places = StreamPlaces(self.max_streams)
        self.watches, self.job_watches = Watches(places), Watches(places)
        self.feed = FakeReplyFeed(self.pending, self.job_watches)
        self.follower = FakeJobFollower(self.jobs)
        self.disconnect_watcher = DisconnectWatcher(poll_seconds=3_600)
        traces = RequestTraces(self.tracer) if self.tracer else None
        self.dispatcher = self._dispatcher(traces)
        self.job_streams = JobStreams(
            self.follower, self.job_watches, self.disconnect_watcher, self.dispatcher
        )
        self.health.live = [worker_status("inference"), worker_status("sentiment")]
        self.app: Flask = create_app(
            self._dependencies(), self.settings, traces=traces, clock=self.clock
        )

    def _dispatcher(self, traces: RequestTraces | None) -> Dispatcher:
        return Dispatcher(
            self.publisher,
            self.pending,
            self.jobs,
            self.canceller,
            self.disconnect_watcher,
            self.clock,
            gateway_id="g-1",
            deadline_seconds=30,
            begin_sending=traces.begin_sending if traces else untraced,
        )

    def _dependencies(self) -> Dependencies:
        return Dependencies(
            self.dispatcher,
            self.jobs,
            self.jobs,
            self.canceller,
            self.feed,
            self.conversations,
            self.handovers,
            self.feedback,
            self.ratings,
            self.stories,
            self.gaps,
            self.drafts,
            self.users,
            self.traffic,
            self.watches,
            self.job_streams,
            self.histories,
            self.disconnect_watcher,
            self.health,
            Board(self.history, self.clock),
            self.metrics,
            Authenticator(self.keys, self.settings.given_keys, self.clock, always=self.always),
            self.limiter,
            self.admission,
        )

    @property
    def published(self) -> list[ChatJob]:
        """Return the jobs that were accepted."""
        return self.publisher.published

    @property
    def client(self) -> FlaskClient:
        """Return a new HTTP client."""
        return self.app.test_client()

    def answer_at_once(self) -> None:
        """Reply to every job from now on."""
        self.publisher.on_publish = lambda job: self._end(
            job.id, "done", results.encode_reply(reply_to(job))
        )

    def fail_at_once(self, failure: Failure) -> None:
        """End every job from now on in this failure."""
        body = results.encode_failure(failure)
        self.publisher.on_publish = lambda job: self._end(job.id, failure.state, body)

    def _charge(self) -> None:
        """Charge a job as the queue does in its one call."""
        charge = take_pending_charge()
        if charge:
            self.limiter.take(charge)

    def _end(self, job_id: str, state: JobState, body: bytes) -> None:
        self.jobs.records[job_id] = JobRecord(state, body)
        self.feed.publish(results.encode_notification(job_id, state, body))
