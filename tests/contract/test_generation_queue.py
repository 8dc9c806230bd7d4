"""Replies that other workers put into words: once, in time, shown as they come, never torn."""

from dataclasses import replace

import msgspec
import pytest

from gateway.queue.erasure import RedisErasure
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import JobProgress, RedisJobFollower
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.jobs import ChatJob, Translation
from shared.task_body import MAX_BODY_BYTES
from shared.tenants import scope
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, claim, done, job, push, status
from workers.consumer.chat_result import ChatResult
from workers.consumer.draft_header import read_draft
from workers.consumer.lease_queue import Completion, HandOverVerdict, Lease, LeasedJob, QueuePolicy
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.speaking.voiced_job import read_voiced_job
from workers.token_budgets import TokenBudgets
from workers.voice.brief import Brief, Source

BRIEF = Brief("answer", "text", (Source("entry", "Question?", "Answer."),), "Answer.")
GENERATION = keys.GENERATION
LIMITS = EnqueueLimits(messages=100, job_ttl_seconds=600, lane_ttl_seconds=600)


def briefed(lease: Lease, each: ChatJob, brief: Brief = BRIEF) -> Completion[ChatJob, ChatResult]:
    end = done(lease, each)
    assert end.result
    return replace(end, result=replace(end.result, brief=brief))


def start(broker: Broker, worker: RedisInferenceQueue, *jobs: ChatJob) -> list[Lease]:
    push(broker, *jobs)
    for each in jobs:
        broker.client.hset(keys.job(each.id), "conversation", each.conversation_id)
    leases = worker.lease(len(jobs))
    verdicts = [claim(worker, lease, each) for lease, each in zip(leases, jobs, strict=True)]
    assert verdicts == ["run"] * len(jobs)
    return leases


def offer(worker: RedisInferenceQueue, lease: Lease, each: ChatJob) -> HandOverVerdict | None:
    return worker.offer_words([briefed(lease, each)])[0]


def hand_over(broker: Broker, *jobs: ChatJob) -> None:
    worker = broker.inference("w")
    leases = start(broker, worker, *jobs)
    for lease, each in zip(leases, jobs, strict=True):
        assert offer(worker, lease, each) == "handed"


def take(worker: RedisGenerationQueue) -> tuple[Lease, ChatJob]:
    (lease,) = worker.lease(1)
    seen = read_voiced_job(lease.raw, NOW)
    (claimed,) = worker.claim([LeasedJob(lease, seen)])
    assert claimed.verdict == "run"
    return lease, seen


def show(worker: RedisGenerationQueue, lease: Lease, each: ChatJob, known: str, text: str) -> str:
    return worker.show(lease, each.id, each.conversation_id, known, text)


def shown(broker: Broker, job_id: str) -> str:
    text: bytes | None = broker.client.get(keys.reply_text(job_id))  # type: ignore[assignment]
    return (text or b"").decode()


def names(messages: list[bytes]) -> list[str]:
    return [read_chat_job(raw, NOW).id for raw in messages]


def test_a_reply_is_worded_elsewhere_and_its_job_keeps_its_lane(broker: Broker) -> None:
    worker, generation = broker.inference("w"), broker.generation("g")
    one, two = job("one", "talk", gateway="g"), job("two", "talk")
    (lease,) = start(broker, worker, one)
    push(broker, two)
    (second,) = worker.lease(1)
    assert claim(worker, second, two) == "parked"
    assert offer(worker, lease, one) == "handed"
    assert broker.client.get(keys.lane("talk")) == b"one"
    assert worker.complete([done(lease, one)]) == ["lost"]
    taken, seen = take(generation)
    assert replace(one, draft=seen.draft) == ChatJob(
        **{name: getattr(seen, name) for name in ChatJob.__dataclass_fields__}
    )
    left = read_draft(seen.draft)
    assert (left.brief, left.result.reply.response, left.handed_at) == (BRIEF, "r", NOW)
    assert left.result.dialogue == b"d-one"
    assert generation.complete([done(taken, seen)]) == ["applied"]
    assert broker.turns("talk") == ["text of one", "r"]
    assert names(broker.waiting(keys.INFERENCE)) == ["two"]


def test_what_has_no_brief_asks_nobody(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert worker.offer_words([done(lease, one), done(lease, one, "failed")]) == [None, None]
    assert worker.complete([done(lease, one)]) == ["applied"]


def test_a_repeated_call_hands_nothing_over_again(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert [offer(worker, lease, one) for _ in range(2)] == ["handed", "lost"]
    assert names(broker.waiting(GENERATION)) == ["one"]


@pytest.mark.parametrize("is_dead", [True, False])
def test_without_a_worker_whose_model_answers_the_entry_goes_out(
    broker: Broker, is_dead: bool
) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g", 0.01 if is_dead else None)
    if is_dead:
        broker.kill("g")
    (lease,) = start(broker, worker, one)
    assert offer(worker, lease, one) == "unserved"
    assert worker.complete([done(lease, one)]) == ["applied"]


@pytest.mark.parametrize(
    ("pace_seconds", "aged_seconds", "expires_in", "verdict"),
    [
        (0.1, 0.0, None, "handed"),
        (0.1, 4.87, None, "handed"),
        (0.1, 4.89, None, "late"),
        (6.0, 0.0, None, "late"),
        (0.1, 0.0, 0.7, "handed"),
        (0.1, 0.0, 0.6, "late"),
    ],
)
def test_what_would_be_late_goes_out_in_the_entry_s_words(
    broker: Broker,
    pace_seconds: float,
    aged_seconds: float,
    expires_in: float | None,
    verdict: str,
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    worker = broker.inference("w")
    one = replace(job("one"), accepted_at=NOW - aged_seconds, expires_at=expires_at)
    broker.generation("g", pace_seconds)
    (lease,) = start(broker, worker, one)
    assert offer(worker, lease, one) == verdict


def test_a_message_without_room_for_its_draft_stays(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    long = replace(BRIEF, words="x" * MAX_BODY_BYTES)
    assert worker.offer_words([briefed(lease, one, long)]) == ["late"]


def test_a_tenant_that_has_used_up_its_tokens_gets_the_entries_words(broker: Broker) -> None:
    policy = QueuePolicy(voice_budgets=TokenBudgets({"bbb": 200}, 100))
    worker = broker.inference("w", policy)
    generation = broker.generation("g", policy=policy)
    jobs = [job(f"{name}{number}", f"c-{name}{number}") for name in "ab" for number in range(2)]
    jobs = [
        replace(
            each,
            id=scope(each.id[0] * 3, each.id),
            conversation_id=scope(each.id[0] * 3, each.conversation_id),
        )
        for each in jobs
    ]
    leases = start(broker, worker, *jobs)
    assert offer(worker, leases[0], jobs[0]) == "handed"
    generation.use_tokens(leases[0], "aaa", 60)
    generation.use_tokens(leases[0], "aaa", 40)
    generation.use_tokens(leases[0], "bbb", 199)
    verdicts = [offer(worker, leases[n], jobs[n]) for n in (1, 2)]
    assert verdicts == ["spent", "handed"]
    ttl = broker.client.ttl(keys.tokens_used("2023-11-14"))
    assert 86_400 < ttl <= 2 * 86_400


def test_tenants_take_turns_at_the_model(broker: Broker) -> None:
    jobs = [
        replace(
            job(f"{name}{number}"),
            id=scope(name, f"j{number}"),
            conversation_id=scope(name, f"c{number}"),
        )
        for number in range(2)
        for name in ("acme", "bolt")
    ]
    many = [job(f"d{number}") for number in range(3)]
    broker.generation("g")
    hand_over(broker, *many, *jobs)
    generation = broker.generation("g")
    taken = [read_chat_job(generation.lease(1)[0].raw, NOW).tenant for _ in range(6)]
    assert sorted(taken[:3]) == ["acme", "bolt", "default"]
    assert sorted(taken[3:]) == ["acme", "bolt", "default"]


def test_sentences_are_shown_once_each_in_order_and_followed(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one", gateway="gw")
    hand_over(broker, one)
    lease, seen = take(generation)
    follower = RedisJobFollower(broker.connect(), "gw", 60)
    listener = broker.client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe(keys.replies("gw"))
    progress = follower.follow("one", 0)
    assert isinstance(progress, JobProgress)
    assert (progress.state, progress.text) == ("started", b"")
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert show(generation, lease, seen, "", "It is so.") == "shown"  # a repeated call
    assert show(generation, lease, seen, "It is so.", " Überall.") == "shown"
    assert shown(broker, "one") == "It is so. Überall."
    progress = follower.follow("one", len("It is so."))
    assert isinstance(progress, JobProgress)
    assert progress.text.decode() == " Überall."
    heard = [listener.get_message(timeout=1.0) for _ in range(3)]
    listener.close()
    assert [each["data"] for each in heard if each and each["type"] == "message"] == [
        b"one\tstarted\t{}"
    ] * 2
    assert generation.complete([done(lease, seen)]) == ["applied"]
    assert shown(broker, "one") == ""


def test_who_has_lost_the_lease_shows_nothing_more(broker: Broker) -> None:
    slow, one = broker.generation("slow"), job("one")
    hand_over(broker, one)
    lease, seen = take(slow)
    assert show(slow, lease, seen, "", "It is so.") == "shown"
    broker.kill("slow")
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 1
    assert show(slow, lease, seen, "It is so.", " Torn") == "lost"
    (taken,) = worker.lease(1)
    again = read_chat_job(taken.raw, NOW)
    (claimed,) = worker.claim([LeasedJob(taken, again)])
    assert (claimed.verdict, claimed.shown) == ("run", "It is so.")
    assert slow.complete([done(lease, seen)]) == ["lost"]
    assert worker.complete([done(taken, again)]) == ["applied"]


def test_nobody_writes_over_what_another_has_shown(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert show(generation, lease, seen, "It", " is.") == "lost"
    assert shown(broker, "one") == "It is so."


def test_a_cancelled_reply_is_shown_no_further(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("one")
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert shown(broker, "one") == ""


def test_a_person_who_takes_over_ends_the_model_s_words(broker: Broker) -> None:
    generation, worker, one = broker.generation("g"), broker.inference("w"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    broker.client.hset(keys.handover(one.conversation_id), "state", msgspec.json.encode("claimed"))
    assert show(generation, lease, seen, "", "It is so.") == "person"
    assert generation.complete([done(lease, seen)]) == ["lost"]
    (taken,) = worker.lease(1)
    (claimed,) = worker.claim([LeasedJob(taken, read_chat_job(taken.raw, NOW))])
    assert claimed.with_person


def test_what_waits_goes_back_if_no_generation_worker_lives(broker: Broker) -> None:
    jobs = [
        *(job(f"j{number}") for number in range(3)),
        replace(job("t"), id=scope("acme", "t"), conversation_id=scope("acme", "c")),
    ]
    broker.generation("g")
    hand_over(broker, *jobs)
    push(broker, job("later"))
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 0
    broker.kill("g")
    assert worker.reclaim_dead().returned == 4
    taken = worker.lease(9)
    found = [read_chat_job(lease.raw, NOW) for lease in taken]
    assert [each.id for each in found if each.tenant == "default"] == ["j0", "j1", "j2", "later"]
    assert [each.tenant for each in found].count("acme") == 1
    assert [each.draft is not None for each in found].count(True) == 4
    assert broker.client.exists(GENERATION, keys.flows(GENERATION)) == 0


def test_what_waits_for_a_worker_that_is_paused_or_stops_goes_back(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    generation.heartbeat(replace(status("g", GENERATION), paused=True))
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]


def test_a_job_whose_message_gets_lost_while_it_waits_can_expire(broker: Broker) -> None:
    broker.generation("g")
    one = replace(job("one"), expires_at=NOW + 60)
    hand_over(broker, one)
    assert broker.client.hget(keys.job("one"), "state") == b"queued"
    broker.client.hset(keys.job("one"), "expires_at", NOW + 60)
    broker.client.delete(GENERATION)  # as `celery purge` does
    canceller = RedisJobCanceller(broker.client, broker.clock, LIMITS)
    broker.clock.advance(61)
    canceller.expire_overdue(["one"])
    end = broker.result("one")
    assert end
    assert end.state == "expired"
    assert broker.client.get(keys.lane(one.conversation_id)) is None


def test_what_was_handed_over_once_is_not_again(broker: Broker) -> None:
    """Else workers that cannot read each other's drafts would send a message round in circles."""
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert worker.offer_words([briefed(lease, replace(one, draft="{}"))]) == [None]


@pytest.mark.parametrize("state", ["REVOKED", "SUCCESS"])
def test_an_end_that_another_stored_stops_the_reply_and_leaves_no_text(
    broker: Broker, state: str
) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    broker.client.set(keys.result("one"), msgspec.json.encode({"status": state}))
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert generation.complete([done(lease, seen)]) == ["duplicate"]
    assert broker.client.exists(keys.reply_text("one"), keys.lane(one.conversation_id)) == 0
    assert broker.turns(one.conversation_id) == []


def test_a_job_that_is_erased_while_it_is_put_into_words_leaves_nothing(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    RedisErasure(broker.client, broker.clock, LIMITS).erase_conversation(one.conversation_id)
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert generation.complete([done(lease, seen)]) == ["duplicate"]
    assert broker.client.exists(keys.reply_text("one"), keys.dialogue(one.conversation_id)) == 0
    assert broker.turns(one.conversation_id) == []


def test_a_dead_worker_s_message_goes_to_an_inference_worker(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    assert len(generation.lease(1)) == 1
    broker.kill("g")
    other = broker.generation("other")
    assert other.reclaim_dead().returned == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]
    assert broker.waiting(GENERATION) == []


def test_a_worker_that_stops_gives_what_it_holds_to_an_inference_worker(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    assert len(generation.lease(1)) == 1
    assert generation.release_all() == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]


def test_a_translated_message_goes_back_to_be_decided(broker: Broker) -> None:
    generation, worker = broker.generation("g"), broker.inference("w")
    one = replace(job("one", scope("acme", "talk")), id=scope("acme", "one"))
    hand_over(broker, one)
    lease, seen = take(generation)
    translation = Translation("de", "Where is my parcel?")
    push(broker, job("later"))
    assert generation.return_translated(lease, seen, translation)
    assert not generation.return_translated(lease, seen, translation)  # a repeated call
    found = [read_chat_job(each.raw, NOW) for each in worker.lease(9)]
    (again,) = [each for each in found if each.tenant == "acme"]
    assert again == replace(one, translation=translation)
    assert (again.message, again.read_text) == (one.message, "Where is my parcel?")
    assert broker.client.get(keys.lane(one.conversation_id)) == one.id.encode()


def test_a_translation_without_room_stays(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert not generation.return_translated(lease, seen, Translation("de", "x" * MAX_BODY_BYTES))
    assert generation.complete([done(lease, seen)]) == ["applied"]
