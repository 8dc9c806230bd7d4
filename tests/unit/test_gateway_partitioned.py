"""The gateway's ports over partitions: what is merged, what is routed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.partitioned.handovers import PartitionedHandovers, PartitionedOutbox
from gateway.partitioned.jobs import PartitionedPublisher
from gateway.partitioned.operations import PartitionedHealth, PartitionedRateLimiter
from gateway.queue.handovers import HandoverFigures, HandoverFilter, HandoverPage, read_cursor
from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, Queued
from gateway.queue.rate_limiter import Bucket, Charge
from gateway.storage import Storage
from gateway.webhook.outbox import WaitingEvent
from shared import tenants
from shared.errors import RateLimited, UnknownHandover
from shared.handovers import Handover, HandoverSummary
from shared.jobs import ChatJob, Turn
from shared.partitions import connect_partitions
from shared.rate_limits import RateLimit
from tests.fakes.gateway import RecordingPublisher

PARTITIONS = connect_partitions("redis://127.0.0.1:1/0", 2)
NOTHING = HandoverFigures(0, None, 0, None, 0, None)


def handover(name: str, opened_at: float) -> Handover:
    return Handover(name, f"c-{name}", None, opened_at, "wish", HandoverSummary())


class HandoversOfOne:
    """One partition's handovers, the oldest first."""

    def __init__(self, *handovers: Handover, figures: HandoverFigures = NOTHING) -> None:
        self._handovers = handovers
        self._figures = figures

    def page(
        self,
        state: HandoverFilter,
        limit: int,
        cursor: str | None,
        tenant: str = tenants.DEFAULT_TENANT,
        since: float | None = None,
    ) -> HandoverPage:
        after = float(read_cursor(cursor)[0]) if cursor else 0.0
        found = [each for each in self._handovers if each.opened_at >= after and cursor != each.id]
        return HandoverPage(found[:limit], "more" if len(found) > limit else None)

    def find(self, handover_id: str) -> Handover:
        for each in self._handovers:
            if each.id == handover_id:
                return each
        raise UnknownHandover(handover_id)

    def claim(self, handover_id: str, by: str) -> Handover:
        return replace(self.find(handover_id), claimed_by=by)

    def reply(self, handover_id: str, text: str, by: str | None) -> Turn:
        return Turn("assistant", text, self.find(handover_id).id, 1.0)

    def release(self, handover_id: str, by: str | None) -> Handover:
        return self.find(handover_id)

    def close(self, handover_id: str, note: str | None, by: str | None = None) -> Handover:
        return self.find(handover_id)

    def last_of(self, conversation_id: str) -> Handover | None:
        return next((h for h in self._handovers if h.conversation_id == conversation_id), None)

    def figures(self, of_tenants: Sequence[str] = ()) -> HandoverFigures:
        return self._figures


def test_pages_of_handovers_go_through_all_partitions_in_order_of_time() -> None:
    first = HandoversOfOne(handover("a", 1.0), handover("d", 4.0), handover("e", 5.0))
    second, stock = HandoversOfOne(handover("b", 2.0), handover("f", 6.0)), HandoversOfOne()
    merged = PartitionedHandovers(PARTITIONS, [first, second, stock])
    seen, cursor = [], None
    for _ in range(5):
        page = merged.page("all", 2, cursor)
        seen += [each.id for each in page.handovers]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["a", "b", "d", "e", "f"]


def test_a_handover_is_found_where_celery_clients_jobs_lie_too() -> None:
    stock = HandoversOfOne(handover("theirs", 1.0))
    merged = PartitionedHandovers(PARTITIONS, [HandoversOfOne(), HandoversOfOne(), stock])
    assert merged.find("theirs").id == "theirs"
    assert merged.claim("theirs", "bea").claimed_by == "bea"
    assert merged.reply("theirs", "hello", None).text == "hello"
    assert merged.last_of("c-theirs") is not None
    with pytest.raises(UnknownHandover):
        merged.close("nobody's", None)


def test_figures_of_handovers_are_added_up_and_the_oldest_counts() -> None:
    parts = [
        HandoversOfOne(figures=HandoverFigures(1, 5.0, 0, None, 2, 8.0)),
        HandoversOfOne(figures=HandoverFigures(2, 3.0, 1, 4.0, 0, None)),
        HandoversOfOne(),
    ]
    merged = PartitionedHandovers(PARTITIONS, parts)
    assert merged.figures() == HandoverFigures(3, 3.0, 1, 4.0, 2, 8.0)


class OutboxOfOne:
    """One partition's webhook events."""

    def __init__(self, *names: str) -> None:
        self.events = list(names)
        self.settled: list[str] = []

    def take(self, now: float, ends_at: float) -> WaitingEvent | None:
        if not self.events:
            return None
        return WaitingEvent("c", 0, "1.0", b"{}", self.events.pop(0), "handover.opened")

    def delivered(self, event: WaitingEvent) -> None:
        self.settled.append(event.id)

    def retry(self, event: WaitingEvent, due_at: float) -> None:
        self.settled.append(f"retry {event.id}")

    def give_up(self, event: WaitingEvent, reason: str, at: float) -> None:
        self.settled.append(f"give up {event.id}")


def test_events_of_all_partitions_are_sent_in_turn_and_settled_where_they_lie() -> None:
    first, second = OutboxOfOne("a1", "a2"), OutboxOfOne("b1")
    outbox = PartitionedOutbox([first, second])
    taken = [outbox.take(0, 1) for _ in range(4)]
    events = [each for each in taken if each is not None]
    assert [each.id for each in events] == ["a1", "b1", "a2"]
    outbox.delivered(events[0])
    outbox.retry(events[1], 9.0)
    outbox.give_up(events[2], "late", 9.0)
    assert (first.settled, second.settled) == (["a1", "give up a2"], ["retry b1"])


class LimiterOfOne:
    """One partition's buckets; `empty` ones refuse."""

    def __init__(self, empty: str = "") -> None:
        self.empty = empty
        self.taken: list[str] = []

    def take(self, charge: Charge) -> None:
        (bucket,) = charge.buckets
        charge.record([(1, 10)])
        if bucket.owner == self.empty:
            raise RateLimited("too many requests", 1.0)
        self.taken.append(bucket.owner)


def test_each_bucket_is_charged_where_its_name_points() -> None:
    parts = [LimiterOfOne("full"), LimiterOfOne("full"), LimiterOfOne("full")]
    limiter = PartitionedRateLimiter(PARTITIONS, parts)
    buckets = [Bucket("key", f"k{number}", RateLimit(1.0, 2)) for number in range(9)]
    for bucket in buckets:
        charge = Charge((bucket,))
        limiter.take(charge)
        index = PARTITIONS.index_of(f"key:{bucket.owner}")
        assert bucket.owner in parts[index].taken
        assert [state.tokens for state in charge.states] == [1]
    assert parts[2].taken == []  # that of Celery clients
    both = Charge((buckets[0], Bucket("address", "full", RateLimit(1.0, 2))))
    with pytest.raises(RateLimited):
        limiter.take(both)
    assert len(both.states) == 2


def test_what_a_message_costs_is_taken_before_it_is_queued() -> None:
    charges = [Charge((Bucket("key", "k", RateLimit(1.0, 2)),)) for _ in range(3)]
    waiting = iter([*charges, None])
    limiter = LimiterOfOne()
    parts = [RecordingPublisher(), RecordingPublisher(), RecordingPublisher()]
    publisher = PartitionedPublisher(PARTITIONS, parts, limiter, lambda: next(waiting))
    job = ChatJob("j", "hi", "c1", 0.0)
    outcomes: list[EnqueueOutcome | Exception] = []

    assert publisher.submit(EnqueueRequest.of(job)) == Queued(1)
    assert parts[PARTITIONS.index_of("c1")].published == [job]
    limiter.empty = "k"
    publisher.post(EnqueueRequest.of(job), outcomes.append)
    with pytest.raises(RateLimited):
        publisher.submit(EnqueueRequest.of(job))
    publisher.post(EnqueueRequest.of(job), outcomes.append)  # costs nothing
    assert [type(each) for each in outcomes] == [RateLimited, Queued]


class HealthOfOne:
    """What one partition tells."""

    def __init__(self, waiting: int, oldest: float, used: int, limit: int | None) -> None:
        self._waiting, self._oldest = waiting, oldest
        self._storage = Storage(1, 2, 3, {"inference": 1}, used, limit)

    def backlogs(self) -> dict[str, dict[str, int]]:
        return {"inference": {"default": self._waiting}}

    def oldest_seconds(self) -> dict[str, float]:
        return {"inference": self._oldest}

    def storage(self) -> object:
        return self._storage


def test_what_waits_is_added_up_and_the_fullest_node_and_oldest_message_count() -> None:
    parts = [HealthOfOne(1, 0.0, 50, 100), HealthOfOne(2, 7.0, 90, 100), HealthOfOne(0, 1.0, 99, 0)]
    health = PartitionedHealth(PARTITIONS, parts)  # type: ignore[arg-type]
    assert health.backlogs() == {"inference": {"default": 3}}
    assert health.oldest_seconds() == {"inference": 7.0}
    stored = health.storage()
    assert (stored.dead_letters, stored.parked, stored.scheduled) == (3, 6, 9)
    assert stored.quarantined == {"inference": 3}
    assert (stored.memory_bytes, stored.memory_limit_bytes) == (90, 100)
