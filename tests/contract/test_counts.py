"""What completions count, on the real server: once, by day, with bounds."""

from dataclasses import replace

import pytest

from shared import keys
from shared.counts import Facts, day_of
from shared.handovers import HandoverReason
from shared.jobs import AnswerKind
from tests.contract.broker import Broker, claim, done, job, push
from tests.contract.conversation_stand import FACTS, ConversationStand

SEGMENT = "variant=bert|encoder=small"
RESOLVED, UNRESOLVED = f"{SEGMENT}|resolved=1", f"{SEGMENT}|resolved=0"


@pytest.fixture
def stand(broker: Broker) -> ConversationStand:
    return ConversationStand(broker)


def test_a_job_adds_to_each_field_once(stand: ConversationStand) -> None:
    stand.say("one", "c-1")
    stand.say("two", "c-2")

    assert stand.counted() == {
        f"{SEGMENT}|kind=answer|tone=neutral|reask=0|again=0|handover=none": 2,
        f"{SEGMENT}|ms=150|confidence=9": 2,
        f"{SEGMENT}|total_ms": 240,
        RESOLVED: 2,
    }
    assert stand.counted(entries=True) == {"kind=answer|reask=0|entry=parcel": 2}
    today = day_of(stand.broker.clock.now())
    for key in (keys.counts(today), keys.entry_counts(today)):
        assert 0 < stand.broker.client.ttl(key) <= keys.REPORT_TTL_SECONDS


def test_the_jobs_of_a_batch_are_counted_together_and_a_lost_one_not(broker: Broker) -> None:
    stand, jobs = ConversationStand(broker), [job(name) for name in ("a", "b", "c")]
    push(broker, *jobs)
    leases = stand.worker.lease(3)
    completions = []
    for lease, each in zip(leases, jobs, strict=True):
        claim(stand.worker, lease, each)
        completion = done(lease, each)
        assert completion.result
        completions.append(replace(completion, result=replace(completion.result, facts=FACTS)))
    broker.client.hdel(keys.lease("w"), leases[2].token)

    assert stand.worker.complete(completions) == ["applied", "applied", "lost"]
    assert stand.worker.complete(completions) == ["lost"] * 3
    assert stand.counted()[RESOLVED] == 2


def test_a_failure_is_counted_by_its_state(broker: Broker) -> None:
    stand, each = ConversationStand(broker), job("late")
    push(broker, each)
    (lease,) = stand.worker.lease(1)
    claim(stand.worker, lease, each)

    stand.worker.complete([done(lease, each, "expired")])

    assert stand.counted() == {"failure=expired": 1}


@pytest.mark.parametrize(
    ("kind", "reask", "handover", "resolved"),
    [
        ("answer", None, None, True),
        ("recall", 0.1, None, True),
        ("answer", 0.8, None, False),
        ("clarify", None, None, False),
        ("fallback", None, None, False),
        ("handover", None, "wish", False),
        ("smalltalk", None, None, True),
    ],
)
def test_a_conversation_counts_by_its_last_turn(
    stand: ConversationStand,
    kind: AnswerKind,
    reask: float | None,
    handover: HandoverReason | None,
    resolved: bool,
) -> None:
    last = replace(FACTS, kind=kind, reask_score=reask, handover=handover)
    stand.say("one", "c-1")
    stand.say("two", "c-1", last)

    counted = stand.counted()
    assert counted.get(RESOLVED, 0) == int(resolved)
    assert counted.get(UNRESOLVED, 0) == int(not resolved)


def test_a_conversation_over_midnight_counts_on_its_last_day_alone(
    stand: ConversationStand,
) -> None:
    stand.say("one", "c-1")
    assert stand.counted()[RESOLVED] == 1
    first_day = keys.counts(day_of(stand.broker.clock.now()))
    stand.broker.clock.advance(86_400)

    stand.say("two", "c-1", replace(FACTS, variant="tfidf", kind="fallback"))

    assert stand.broker.client.hget(first_day, RESOLVED) == b"0"
    assert stand.counted()["variant=tfidf|encoder=small|resolved=0"] == 1


def test_the_entries_of_a_day_are_bounded(stand: ConversationStand) -> None:
    today = keys.entry_counts(day_of(stand.broker.clock.now()))
    for n in range(keys.MAX_ENTRY_COUNTS):
        stand.broker.client.hset(today, f"kind=answer|reask=0|entry=e-{n}", 1)

    stand.say("one", "c-1")
    stand.say("two", "c-2", replace(FACTS, entry="e-7"))

    counted = stand.counted(entries=True)
    assert counted["other"] == 1
    assert counted["kind=answer|reask=0|entry=e-7"] == 2
    assert "kind=answer|reask=0|entry=parcel" not in counted


def test_facts_without_an_entry_count_none(stand: ConversationStand) -> None:
    empty: Facts = replace(FACTS, entry=None, kind="fallback")

    stand.say("one", "c-1", empty)

    assert stand.counted(entries=True) == {}
