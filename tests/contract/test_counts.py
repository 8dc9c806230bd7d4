"""What completions count, on the real server: once, by day, with bounds."""

from dataclasses import replace

import pytest

from gateway.queue.handovers import RedisHandovers
from gateway.queue.job_canceller import RedisJobCanceller
from shared import keys
from shared.counts import Facts, VoiceFacts, day_of
from shared.handovers import HandoverReason
from shared.jobs import AnswerKind, ChatJob
from tests.contract.broker import Broker, claim, done, job, push
from tests.contract.conversation_stand import FACTS, LIMITS, ConversationStand
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion

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
    names = [f"kind=answer|reask=0|entry=e-{n}" for n in range(keys.MAX_ENTRY_COUNTS)]
    stand.broker.client.hset(today, mapping=dict.fromkeys(names, 1))

    stand.say("one", "c-1")
    stand.say("two", "c-2", replace(FACTS, entry="e-7"))
    stand.say("three", "c-3", replace(VOICED, entry="e|entry=8"))

    counted = stand.counted(entries=True)
    assert counted["kind=answer|reask=0|other"] == 2
    assert counted["voice=prompt_tokens|other"] == 900
    assert counted["kind=answer|reask=0|entry=e-7"] == 2
    assert "kind=answer|reask=0|entry=parcel" not in counted


VOICE = VoiceFacts(
    words="both",
    prompt_tokens=900,
    completion_tokens=60,
    model_ms=800.4,
    first_ms=310.0,
    sentences=4,
    refused=("number", "number", "link"),
    is_faulty=True,
)
COSTS = {
    "voice=prompt_tokens": 900,
    "voice=completion_tokens": 60,
    "voice=ms": 800,
    "voice=first_ms": 310,
    "voice=firsts": 1,
    "voice=sentences": 4,
    "voice=faults": 1,
    "reason=number": 2,
    "reason=link": 1,
}
VOICED = replace(FACTS, voice=VOICE)


def of_voice(counted: dict[str, int]) -> dict[str, int]:
    return {
        name: n
        for name, n in counted.items()
        if name.startswith(("voice", "reason", "words", "first"))
    }


def of_entry(counted: dict[str, int], entry: str = "parcel") -> dict[str, int]:
    return {f"{name}|entry={entry}": n for name, n in counted.items()}


def complete_voiced(stand: ConversationStand, completion: Completion[ChatJob, ChatResult]) -> str:
    assert completion.result
    result = replace(completion.result, facts=VOICED)
    return stand.worker.complete([replace(completion, result=result)])[0]


def test_what_a_model_cost_is_summed_up_for_the_tenant_and_the_entry(
    stand: ConversationStand,
) -> None:
    stand.say("one", "c-1", VOICED)
    stand.say("two", "c-2", replace(VOICED, voice=replace(VOICE, first_ms=None, refused=())))
    stand.say("three", "c-3", replace(VOICED, entry=None, voice=VoiceFacts("entry")))
    stand.say("four", "c-4")

    twice = ("prompt_tokens", "completion_tokens", "ms", "sentences", "faults")
    costs = COSTS | {f"voice={name}": 2 * COSTS[f"voice={name}"] for name in twice}
    assert of_voice(stand.counted()) == costs | {"words=both": 2, "words=entry": 1, "first=400": 1}
    assert of_voice(stand.counted(entries=True)) == of_entry(costs | {"words=both": 2})


def test_a_model_s_cost_is_that_of_the_job_s_tenant(stand: ConversationStand) -> None:
    each = replace(job("one"), id="acme\x1fone", conversation_id="acme\x1fc")
    push(stand.broker, each)
    (lease,) = stand.worker.lease(1)
    claim(stand.worker, lease, each)

    assert complete_voiced(stand, done(lease, each)) == "applied"
    assert of_voice(stand.counted()) == {}
    key = keys.counts(day_of(stand.broker.clock.now()), "acme")
    assert stand.broker.client.hget(key, "voice=prompt_tokens") == b"900"


def test_a_lost_lease_costs_nothing_twice(stand: ConversationStand) -> None:
    each = job("one")
    push(stand.broker, each)
    (lease,) = stand.worker.lease(1)
    claim(stand.worker, lease, each)
    stand.broker.client.hdel(keys.lease("w"), lease.token)

    assert complete_voiced(stand, done(lease, each)) == "lost"
    assert stand.counted() == {}


def test_what_was_cancelled_meanwhile_has_cost_it_and_is_no_reply(
    stand: ConversationStand,
) -> None:
    each = job("one")
    push(stand.broker, each)
    (lease,) = stand.worker.lease(1)
    claim(stand.worker, lease, each)
    stand.broker.client.hset(keys.job(each.id), "conversation", each.conversation_id)
    RedisJobCanceller(stand.broker.client, stand.broker.clock, LIMITS).cancel(each.id)
    before = stand.counted()

    assert [complete_voiced(stand, done(lease, each)) for _ in range(2)] == ["duplicate", "lost"]
    assert of_voice(stand.counted()) == COSTS | {"first=400": 1}
    assert stand.counted().items() >= before.items()
    assert stand.counted(entries=True) == of_entry(COSTS)


def test_what_a_person_took_over_meanwhile_has_cost_it(stand: ConversationStand) -> None:
    stand.say("one", "c-1", handover=True)
    each = job("two", "c-1")
    push(stand.broker, each)
    (lease,) = stand.worker.lease(1)
    claim(stand.worker, lease, each)
    RedisHandovers(stand.broker.client, stand.broker.clock, 60).claim("one", "amy")

    assert complete_voiced(stand, done(lease, each)) == "lost"
    assert of_voice(stand.counted()) == COSTS | {"first=400": 1}
    assert len(stand.broker.waiting(keys.INFERENCE)) == 1


def test_facts_without_an_entry_count_none(stand: ConversationStand) -> None:
    empty: Facts = replace(FACTS, entry=None, kind="fallback")

    stand.say("one", "c-1", empty)

    assert stand.counted(entries=True) == {}
