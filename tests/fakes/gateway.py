"""What stands behind the gateway's routes, held in memory and set by a test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import msgspec

from gateway.queue.drafts import KnownDraft
from gateway.queue.gaps import KnownGaps
from gateway.queue.handovers import HandoverFigures, HandoverFilter, HandoverPage
from gateway.queue.job_follower import JobProgress
from gateway.queue.pending_replies import ENDED, PendingReplies
from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, Queued
from gateway.queue.ratings import Rating, RatingFilter
from gateway.queue.story import FoundConversation, Story, StoryJob
from gateway.queue.watches import Watches
from gateway.storage import Storage
from shared import keys, results, tenants
from shared.counts import BAD_SCORES
from shared.drafts import Draft, DraftOutcome
from shared.errors import (
    AdmissionRefused,
    DraftsFull,
    HandoverConflict,
    QueueUnavailable,
    UnknownHandover,
)
from shared.gap_groups import GapGroup
from shared.handovers import Handover
from shared.jobs import ChatJob, Turn
from shared.results import Failure, JobRecord
from shared.worker_status import WorkerStatus
from tests.fakes.clock import ManualClock


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


class FakeHandovers:
    """Hold the handovers that a test puts in; a person's reply becomes a turn."""

    def __init__(self, conversations: FakeConversations, clock: ManualClock) -> None:
        self._conversations = conversations
        self._clock = clock
        self.records: dict[str, Handover] = {}
        self.events: tuple[int, float | None] = (0, None)

    def page(
        self,
        state: HandoverFilter,
        limit: int,
        cursor: str | None,
        tenant: str = "default",
        since: float | None = None,
    ) -> HandoverPage:
        of_tenant = [each for id_, each in self.records.items() if tenants.tenant_of(id_) == tenant]
        found = [each for each in of_tenant if state in (each.state, "all")]
        found = [each for each in found if since is None or each.opened_at >= since]
        start = int(cursor or 0)
        more = len(found) > start + limit
        return HandoverPage(found[start : start + limit], str(start + limit) if more else None)

    def find(self, handover_id: str) -> Handover:
        if handover_id not in self.records:
            raise UnknownHandover(handover_id)
        return self.records[handover_id]

    def claim(self, handover_id: str, by: str) -> Handover:
        found = self.find(handover_id)
        if found.state == "closed" or found.claimed_by not in (None, by):
            self._refuse(found)
        changes = {"state": "claimed", "claimed_by": by, "claimed_at": self._clock.now()}
        return self._change(handover_id, **changes)

    def reply(self, handover_id: str, text: str, by: str | None) -> Turn:
        found = self.find(handover_id)
        if found.state != "claimed" or by not in (None, found.claimed_by):
            self._refuse(found)
        job_id, conversation = tenants.local(handover_id), self._inside(handover_id, found)
        turn = Turn("assistant", text, job_id, self._clock.now(), found.claimed_by)
        turns = self._conversations.stored.setdefault(conversation, [])
        turns.append(msgspec.json.encode(turn))
        return turn

    def release(self, handover_id: str, by: str | None) -> Handover:
        found = self.find(handover_id)
        if found.state == "closed" or by not in (None, found.claimed_by):
            self._refuse(found)
        return self._change(handover_id, state="open", claimed_by=None, claimed_at=None)

    def close(self, handover_id: str, note: str | None, by: str | None = None) -> Handover:
        at = self._clock.now()
        changes = {"state": "closed", "note": note, "closed_at": at, "closed_by": by}
        return self._change(handover_id, **changes)

    def last_of(self, conversation_id: str) -> Handover | None:
        found = [
            each for id_, each in self.records.items() if self._inside(id_, each) == conversation_id
        ]
        return found[-1] if found else None

    def figures(self, of_tenants: Sequence[str] = ("default",)) -> HandoverFigures:
        def counted(state: HandoverFilter) -> tuple[int, float | None]:
            pages = [self.page(state, 1_000, None, tenant) for tenant in of_tenants]
            times = [each.opened_at for page in pages for each in page.handovers]
            return len(times), min(times, default=None)

        return HandoverFigures(*counted("open"), *counted("claimed"), *self.events)

    def _change(self, handover_id: str, **changes: Any) -> Handover:
        self.records[handover_id] = changed = replace(self.find(handover_id), **changes)
        return changed

    def _inside(self, handover_id: str, found: Handover) -> str:
        return tenants.scope(tenants.tenant_of(handover_id), found.conversation_id)

    def _refuse(self, found: Handover) -> NoReturn:
        raise HandoverConflict(f"{found.claimed_by} has it.", found.state, found.claimed_by)


class FakeHistories:
    """Hold conversations by digest."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}

    def take(self, digest: str) -> str | None:
        found = self.kept.get(digest)
        return found.pop() if found else None

    def put(self, digest: str, conversation_id: str) -> None:
        self.kept.setdefault(digest, []).append(conversation_id)


class FakeFeedbackBox:
    """Hold what was said of the jobs of a fake store."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self._jobs = jobs
        self.given: dict[str, tuple[int, str | None]] = {}

    def put(self, job_id: str, score: int, comment: str | None) -> bool:
        record = self._jobs.find(job_id)
        if record is None or record.state != "done":
            return False
        self.given[job_id] = (score, comment)
        return True


class FakeRatings:
    """Show the ratings that a test puts in."""

    def __init__(self) -> None:
        self.given: dict[str, list[Rating]] = {}

    def latest(self, tenant: str, wanted: RatingFilter, limit: int) -> Sequence[Rating]:
        own = self.given.get(tenant, [])
        found = [each for each in own if wanted == "all" or each.score in BAD_SCORES]
        return sorted(found, key=lambda each: -each.at)[:limit]


class FakeStories:
    """Tell of the turns and jobs of fakes; find what a test puts in."""

    def __init__(
        self, conversations: FakeConversations, handovers: FakeHandovers, jobs: FakeJobStore
    ) -> None:
        self._conversations = conversations
        self._handovers = handovers
        self._jobs = jobs
        self.extra: dict[str, dict[str, Any]] = {}
        self.users: dict[str, list[str]] = {}

    def tell(self, conversation_id: str) -> Story:
        tenant = tenants.tenant_of(conversation_id)
        turns = self._conversations.turns(conversation_id)
        names = dict.fromkeys(msgspec.json.decode(turn, type=Turn).job_id for turn in turns)
        jobs = [self._job(tenant, name) for name in names]
        handover = self._handovers.last_of(conversation_id)
        raw = [msgspec.Raw(turn) for turn in turns]
        return Story(tenants.local(conversation_id), [], raw, jobs, handover, whole=True)

    def find(self, tenant: str, wanted: str) -> Sequence[FoundConversation]:
        inside = tenants.scope(tenant, wanted)
        own = [FoundConversation(wanted, "conversation")]
        of_user = [FoundConversation(each, "user") for each in self.users.get(inside, ())]
        return [*(own if self._conversations.turns(inside) else ()), *of_user]

    def _job(self, tenant: str, name: str) -> StoryJob:
        record = self._jobs.find(tenants.scope(tenant, name))
        extra = self.extra.get(name, {})
        if record is None or record.body is None:
            return StoryJob(name, "forgotten", **extra)
        if record.state == "done":
            return StoryJob(name, "done", msgspec.Raw(record.body), None, 3_000, **extra)
        return StoryJob(name, record.state, None, results.failure_detail(record.body), 9, **extra)


class FakeDrafts:
    """Hold drafts of tenants, and the outcomes that a test puts in."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Draft] = {}
        self.outcomes: dict[str, DraftOutcome] = {}
        self.settled: dict[str, set[str]] = {}
        self.full = False

    def all_of(self, tenant: str) -> Sequence[KnownDraft]:
        found = [each for (owner, _), each in self.kept.items() if owner == tenant]
        newest = sorted(found, key=lambda each: -each.at)
        return [KnownDraft(each, self.outcomes.get(each.id)) for each in newest]

    def add(self, tenant: str, draft: Draft) -> None:
        if self.full:
            raise DraftsFull("200 drafts wait to be written into files.")
        self.kept[tenant, draft.id] = draft
        self.settle(tenant, draft.gaps, draft.at)

    def change(self, tenant: str, draft: Draft) -> bool:
        if (tenant, draft.id) not in self.kept:
            return False
        self.kept[tenant, draft.id] = draft
        self.settle(tenant, draft.gaps, draft.at)
        return True

    def remove(self, tenant: str, draft_id: str) -> bool:
        found = self.kept.pop((tenant, draft_id), None)
        self.settled.setdefault(tenant, set()).difference_update(found.gaps if found else ())
        return found is not None

    def settle(self, tenant: str, gaps: Sequence[str], at: float) -> None:
        self.settled.setdefault(tenant, set()).update(gaps)


class FakeGaps:
    """Show the groups that a test puts in, but for what fake drafts have settled."""

    def __init__(self, drafts: FakeDrafts) -> None:
        self._drafts = drafts
        self.groups: dict[str, list[GapGroup]] = {}

    def look(self, tenant: str) -> KnownGaps:
        known, settled = self.groups.get(tenant, []), self._drafts.settled.get(tenant, set())
        left = [each for each in known if not set(each.gaps) <= settled]
        return KnownGaps(1.0 if tenant in self.groups else None, len(known), left)

    def find(self, tenant: str, group_id: str) -> GapGroup | None:
        return next((each for each in self.groups.get(tenant, ()) if each.id == group_id), None)


class FakeTraffic:
    """Hold the fields that a test puts in."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}
        self.of_others: dict[str, dict[str, int]] = {}
        self.days: dict[str, dict[str, dict[str, int]]] = {}

    def tenants(self) -> Sequence[str]:
        return ("default", *self.of_others)

    def today(self, of_tenants: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        counted = {"default": self.counted, **self.of_others}
        return {tenant: counted.get(tenant, {}) for tenant in of_tenants}

    def of_day(self, day: str, of_tenants: Sequence[str]) -> Mapping[str, Mapping[bytes, bytes]]:
        counted = self.days.get(day, {})
        return {tenant: _as_stored(counted.get(tenant, {})) for tenant in of_tenants}


def _as_stored(counted: Mapping[str, int]) -> Mapping[bytes, bytes]:
    return {field.encode(): str(amount).encode() for field, amount in counted.items()}


class FakeUsers:
    """Note who was erased."""

    def __init__(self) -> None:
        self.erased: list[str] = []

    def erase_user(self, user_id: str) -> None:
        self.erased.append(user_id)


STORED = Storage(1, 2, 3, dict.fromkeys(keys.QUEUES, 0), 5_000_000, 9_000_000)


@dataclass
class FakeHealth:
    """Report what a test has set."""

    live: list[WorkerStatus] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(keys.QUEUES, 0))
    tenants: dict[str, int] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, float] = field(default_factory=dict)
    stored: Storage = field(default=STORED)
    available: bool = True

    def foreign_lists(self) -> Mapping[str, int]:
        self._require_availability()
        return self.foreign

    def workers(self) -> Sequence[WorkerStatus]:
        self._require_availability()
        return self.live

    def backlogs(self) -> Mapping[str, Mapping[str, int]]:
        self._require_availability()
        return {
            queue: {"default": messages, **self.tenants} for queue, messages in self.waiting.items()
        }

    def oldest_seconds(self) -> Mapping[str, float]:
        self._require_availability()
        return {queue: self.oldest.get(queue, 0.0) for queue in self.waiting}

    def storage(self) -> Storage:
        self._require_availability()
        return self.stored

    def _require_availability(self) -> None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
