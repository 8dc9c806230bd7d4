"""What carries messages and replies behind the gateway's routes, held in memory, set by a test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gateway.queue.job_follower import JobProgress
from gateway.queue.pending_replies import ENDED, PendingReplies
from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, Queued
from gateway.queue.watches import Watches
from shared import results
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob
from shared.results import Failure, JobRecord


class RecordingPublisher:
    """Accept every job, or answer as a test has set: with an outcome or an error."""

    def __init__(
        self,
        take_charge: Callable[[], None] = lambda: None,
        hear: Callable[[str, AdmissionRefused | None], None] = lambda _tenant, _refused: None,
    ) -> None:
        self._take_charge = take_charge
        self._hear = hear
        self.published: list[ChatJob] = []
        self.requests: list[EnqueueRequest] = []
        self.answer: EnqueueOutcome | Exception | None = None
        self.on_publish: Callable[[ChatJob], object] = lambda _job: None

    def submit(self, item: EnqueueRequest) -> EnqueueOutcome:
        self.requests.append(item)
        self._take_charge()
        refused = self.answer if isinstance(self.answer, AdmissionRefused) else None
        self._hear(item.job.tenant, refused if type(refused) is AdmissionRefused else None)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            self.published.append(item.job)
            self.on_publish(item.job)
        return self.answer or Queued(len(self.published))

    def post(
        self, item: EnqueueRequest, resolve: Callable[[EnqueueOutcome | Exception], None]
    ) -> None:
        try:
            outcome: EnqueueOutcome | Exception = self.submit(item)
        except Exception as error:  # noqa: BLE001 - a coalescer passes on all that is raised
            outcome = error
        resolve(outcome)


class FakeReplyFeed:
    """Deliver what a test publishes."""

    def __init__(self, pending: PendingReplies, streams: Watches) -> None:
        self._pending = pending
        self._streams = streams
        self.live = True

    def is_live(self) -> bool:
        return self.live

    def publish(self, payload: bytes) -> None:
        """Take one publication as a worker writes it."""
        records = results.decode_notifications(payload)
        self._pending.deliver(records)
        self._streams.wake(job_id for job_id, _ in records)


class FakeJobStore:
    """Hold the records that a test puts in."""

    def __init__(self) -> None:
        self.records: dict[str, JobRecord] = {}

    def find(self, job_id: str) -> JobRecord | None:
        return self.records.get(job_id)

    def forget(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self.records.pop(job_id, None)

    def finished(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        known = {job_id: self.records.get(job_id) for job_id in job_ids}
        return {job_id: record for job_id, record in known.items() if record and record.body}


class FakeJobFollower:
    """Show the records of a fake store, and the progress that a test puts in."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self._jobs = jobs
        self.progress: dict[str, JobProgress] = {}

    def follow(self, job_id: str, known_bytes: int) -> JobProgress | JobRecord | None:
        record, progress = self._jobs.find(job_id), self.progress.get(job_id)
        if progress is None or (record and record.state in ENDED):
            return record
        return replace(progress, text=progress.text[known_bytes:])


class FakeJobCanceller:
    """Change the records of a fake store."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self._jobs = jobs

    def cancel(self, job_id: str) -> bool:
        record = self._jobs.find(job_id)
        if record and record.state not in ENDED:
            failure = results.encode_failure(Failure("cancelled", "The message was cancelled."))
            self._jobs.records[job_id] = JobRecord("cancelled", failure)
        return record is not None

    def abandon(self, job_id: str, gateway: str) -> None:
        self.cancel(job_id)


class FakeConversations:
    """Hold the turns that a test puts in."""

    def __init__(self) -> None:
        self.stored: dict[str, list[bytes]] = {}

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        return self.stored.get(conversation_id, [])

    def erase(self, conversation_id: str) -> None:
        self.stored.pop(conversation_id, None)


class FakeHistories:
    """Hold conversations by digest."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}

    def take(self, digest: str) -> str | None:
        found = self.kept.get(digest)
        return found.pop() if found else None

    def put(self, digest: str, conversation_id: str) -> None:
        self.kept.setdefault(digest, []).append(conversation_id)


class FakeUsers:
    """Note who was erased."""

    def __init__(self) -> None:
        self.erased: list[str] = []

    def erase_user(self, user_id: str) -> None:
        self.erased.append(user_id)
