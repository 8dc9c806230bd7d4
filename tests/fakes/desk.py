"""What stands behind the routes of the desk, held in memory and set by a test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import msgspec

from gateway.queue.drafts import KnownDraft
from gateway.queue.gaps import KnownGaps
from gateway.queue.handovers import HandoverFigures, HandoverFilter, HandoverPage
from gateway.queue.ratings import Rating, RatingFilter
from gateway.queue.story import FoundConversation, Story, StoryJob
from shared import results, tenants
from shared.counts import BAD_SCORES
from shared.drafts import Draft, DraftOutcome
from shared.errors import DraftsFull, HandoverConflict, UnknownHandover
from shared.gap_groups import GapGroup
from shared.handovers import Handover
from shared.jobs import Turn
from tests.fakes.clock import ManualClock
from tests.fakes.gateway import FakeConversations, FakeJobStore


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
