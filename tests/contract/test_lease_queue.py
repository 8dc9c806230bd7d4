"""One suite for every adapter of the drain's queue: Redis and memory keep the same promises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec
import pytest
import redis

from shared import keys
from shared.clock import ManualClock
from shared.errors import QueueUnavailable
from shared.jobs import UNKNOWN_TONE, ChatJob, JobState, Tone, Turn, WorkerStatus
from shared.outcomes import JobRecord, parse_announcement, read_celery_result
from shared.wire import decode, decode_tone, encode_infer, encode_tone
from workers.drain.memory_lease import MemoryBroker
from workers.drain.memory_queue import MemoryInferenceQueue, MemorySentimentQueue
from workers.drain.port import (
    Arrival,
    Completion,
    DeadLetter,
    InferenceQueue,
    Lease,
    QueueLimits,
    Reclaimed,
    SentimentQueue,
    ToneCompletion,
)
from workers.drain.redis_queue import RedisInferenceQueue, RedisSentimentQueue

NOW = 1_700_000_000.0
LIMITS = QueueLimits(deliveries=2, turns=4)


class Bench(Protocol):
    """What a test sees of the broker, whichever holds the queue."""

    clock: ManualClock

    def push(self, queue: str, raw: bytes) -> None: ...
    def waiting(self, queue: str) -> list[bytes]: ...
    def result(self, job_id: str) -> JobRecord | None: ...
    def turns(self, conversation: str) -> list[str]: ...
    def dead(self) -> list[DeadLetter]: ...
    def kill(self, worker_id: str) -> None: ...
    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue: ...
    def sentiment(self, worker_id: str) -> SentimentQueue: ...


@dataclass
class MemoryBench:
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    clock: ManualClock = field(default_factory=ManualClock)

    def push(self, queue: str, raw: bytes) -> None:
        self.broker.queues[queue].appendleft(raw)

    def waiting(self, queue: str) -> list[bytes]:
        return list(reversed(self.broker.queues[queue]))

    def result(self, job_id: str) -> JobRecord | None:
        stored = self.broker.results.get(job_id)
        return read_celery_result(stored) if stored else None

    def turns(self, conversation: str) -> list[str]:
        return [turn.text for turn in self.broker.turns.get(conversation, [])]

    def dead(self) -> list[DeadLetter]:
        return self.broker.dead_letters

    def kill(self, worker_id: str) -> None:
        self.broker.beats.pop(worker_id)

    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue:
        return MemoryInferenceQueue(self.broker, worker_id, self.clock, limits)

    def sentiment(self, worker_id: str) -> SentimentQueue:
        return MemorySentimentQueue(self.broker, worker_id, self.clock, LIMITS)


@dataclass
class RedisBench:
    url: str
    client: redis.Redis
    clock: ManualClock = field(default_factory=ManualClock)

    def push(self, queue: str, raw: bytes) -> None:
        self.client.lpush(queue, raw)

    def waiting(self, queue: str) -> list[bytes]:
        found: list[bytes] = self.client.lrange(queue, 0, -1)  # type: ignore[assignment]
        return list(reversed(found))

    def result(self, job_id: str) -> JobRecord | None:
        stored: bytes | None = self.client.get(keys.result(job_id))  # type: ignore[assignment]
        return read_celery_result(stored) if stored else None

    def turns(self, conversation: str) -> list[str]:
        found: list[bytes] = self.client.lrange(keys.turns(conversation), 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(turn, type=Turn).text for turn in found]

    def dead(self) -> list[DeadLetter]:
        found: list[bytes] = self.client.lrange(keys.DEAD_LETTERS, 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(letter, type=DeadLetter) for letter in found]

    def kill(self, worker_id: str) -> None:
        self.client.delete(keys.worker(worker_id))

    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue:
        return RedisInferenceQueue(self.url, worker_id, self.clock, limits)

    def sentiment(self, worker_id: str) -> SentimentQueue:
        return RedisSentimentQueue(self.url, worker_id, self.clock, LIMITS)


@pytest.fixture(params=["memory", "redis"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    url = request.getfixturevalue("redis_url")
    client = request.getfixturevalue("redis_client")
    yield RedisBench(url, client)


def job(name: str, conversation: str | None = None, gateway: str | None = None) -> ChatJob:
    return ChatJob(name, f"text of {name}", conversation or f"c-{name}", NOW, gateway=gateway)


def push(bench: Bench, *jobs: ChatJob) -> None:
    for each in jobs:
        bench.push(keys.INFERENCE, encode_infer(each))


def begin(queue: InferenceQueue, lease: Lease, each: ChatJob, *, foreign: bool = True) -> str:
    arrival = Arrival(lease.token, each, foreign)
    return queue.start([arrival])[0].verdict


def done(lease: Lease, each: ChatJob, state: JobState = "done") -> Completion:
    return Completion(
        lease.token,
        each.id,
        state,
        b'{"response":"r"}',
        NOW,
        conversation_id=each.conversation_id,
        gateway=each.gateway,
        turns=(Turn("user", f"q {each.id}", each.id, NOW), Turn("assistant", "r", each.id, NOW)),
        phrases=(f"p-{each.id}",),
    )


def status(worker_id: str, queue: str = keys.INFERENCE) -> WorkerStatus:
    return WorkerStatus(worker_id, queue, "litert-int8", 1, "host", NOW)


def test_leases_come_from_the_head_in_order(bench: Bench) -> None:
    push(bench, job("a"), job("b"), job("c"))
    queue = bench.inference("w")
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]
    assert [decode(lease.raw).id for lease in queue.lease(9)] == ["c"]
    assert queue.lease(9) == []


def test_a_completed_job_has_result_and_turns_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    assert begin(queue, lease, job("a")) == "go"
    assert queue.complete([done(lease, job("a"))]) == ["applied"]
    assert queue.complete([done(lease, job("a"))]) == ["lost"]
    assert bench.result("a") == JobRecord("done", b'{"response":"r"}')
    assert bench.turns("c-a") == ["q a", "r"]


def test_the_same_job_twice_on_the_queue_is_applied_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"), job("a"))
    first, second = queue.lease(2)
    assert begin(queue, first, job("a")) == "go"
    assert queue.complete([done(first, job("a"))]) == ["applied"]
    assert begin(queue, second, job("a")) == "ended"
    assert queue.complete([done(second, job("a"))]) == ["duplicate"]
    assert bench.turns("c-a") == ["q a", "r"]


def test_a_conversation_has_one_job_in_flight(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two, three = (job(name, "talk") for name in ("one", "two", "three"))
    push(bench, one, two, three)
    leases = queue.lease(3)
    verdicts = [
        begin(queue, lease, each) for lease, each in zip(leases, (one, two, three), strict=True)
    ]
    assert verdicts == ["go", "parked", "parked"]
    assert bench.waiting(keys.INFERENCE) == []
    queue.complete([done(leases[0], one)])
    (lease,) = queue.lease(9)
    assert begin(queue, lease, two) == "go"
    queue.complete([done(lease, two, "failed")])
    (lease,) = queue.lease(9)
    assert decode(lease.raw).id == "three"


def test_a_parked_job_whose_time_is_over_comes_back(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), replace(job("two", "talk"), expires_at=NOW + 30)
    push(bench, one, two)
    leases = queue.lease(2)
    assert [begin(queue, *pair) for pair in zip(leases, (one, two), strict=True)] == [
        "go",
        "parked",
    ]
    queue.reclaim_dead()
    assert bench.waiting(keys.INFERENCE) == []
    bench.clock.advance(31)
    queue.reclaim_dead()
    assert bench.waiting(keys.INFERENCE) == [encode_infer(two)]


def test_a_job_is_parked_once_however_often_it_was_sent(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(bench, one, two, two)
    first, *others = queue.lease(3)
    assert begin(queue, first, one) == "go"
    assert [begin(queue, lease, two) for lease in others] == ["parked", "parked"]
    queue.complete([done(first, one)])
    assert len(bench.waiting(keys.INFERENCE)) == 1


def test_the_next_start_knows_the_wording_used(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(bench, one, two)
    (lease,) = queue.lease(1)
    begin(queue, lease, one)
    queue.complete([done(lease, one)])
    (lease,) = queue.lease(1)
    assert queue.start([Arrival(lease.token, two, foreign=True)])[0].phrases == {"p-one"}


def test_a_foreign_job_gets_its_tone_task_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    begin(queue, lease, job("a"))
    begin(queue, lease, job("a"))
    (tone_task,) = bench.waiting(keys.SENTIMENT)
    assert decode_tone(decode(tone_task)) == ("a", "text of a")


def test_a_gateways_job_gets_no_second_tone_task(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    assert begin(queue, lease, job("a"), foreign=False) == "go"
    assert bench.waiting(keys.SENTIMENT) == []


def test_a_dead_workers_messages_return_to_the_head_in_order(bench: Bench) -> None:
    dead, alive = bench.inference("dead"), bench.inference("alive")
    dead.beat(status("dead"))
    alive.beat(status("alive"))
    push(bench, job("a"), job("b"), job("c"))
    lost = dead.lease(2)
    assert alive.reclaim_dead().returned == 0
    bench.kill("dead")
    assert alive.reclaim_dead().returned == 2
    assert [decode(lease.raw).id for lease in alive.lease(9)] == ["a", "b", "c"]
    assert dead.complete([done(lost[0], job("a"))]) == ["lost"]
    assert bench.result("a") is None


def test_what_two_workers_died_with_is_taken_alone(bench: Bench) -> None:
    patient = replace(LIMITS, deliveries=5)
    alive = bench.inference("alive", patient)
    push(bench, job("a"), job("b"))
    for _ in range(2):
        dead = bench.inference("dead", patient)
        dead.beat(status("dead"))
        dead.lease(2)
        bench.kill("dead")
        assert alive.reclaim_dead().returned == 2
    push(bench, job("later"))
    busy = bench.inference("busy", patient)
    taken = [decode(lease.raw).id for lease in alive.lease(9)]
    assert (taken, alive.lease(9)) == (["a"], [])
    (other,) = busy.lease(9)
    assert decode(other.raw).id == "b"
    assert busy.complete([done(other, job("b"))]) == ["applied"]
    assert [decode(lease.raw).id for lease in busy.lease(9)] == ["later"]


def test_a_worker_with_full_hands_leaves_a_suspect_until_they_are_empty(bench: Bench) -> None:
    patient = replace(LIMITS, deliveries=5)
    alive = bench.inference("alive", patient)
    push(bench, job("held"))
    (held,) = alive.lease(1)
    push(bench, job("a"))
    for _ in range(2):
        dead = bench.inference("dead", patient)
        dead.beat(status("dead"))
        dead.lease(1)
        bench.kill("dead")
        alive.reclaim_dead()
    push(bench, job("later"))
    assert alive.lease(9) == []
    alive.wait(0.01)
    assert len(bench.waiting(keys.INFERENCE)) == 1
    assert alive.complete([done(held, job("held"))]) == ["applied"]
    (suspect,) = alive.lease(9)
    assert decode(suspect.raw).id == "a"
    assert alive.complete([done(suspect, job("a"))]) == ["applied"]
    assert [decode(lease.raw).id for lease in alive.lease(9)] == ["later"]


def test_a_worker_that_died_before_its_first_heartbeat_is_swept_as_well(bench: Bench) -> None:
    push(bench, job("a"))
    assert len(bench.inference("newborn").lease(1)) == 1
    assert bench.inference("alive").reclaim_dead().returned == 1
    assert len(bench.waiting(keys.INFERENCE)) == 1


def test_what_a_late_call_takes_for_a_worker_that_has_left_comes_back(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    left, alive = bench.inference("left"), bench.inference("alive")
    left.beat(status("left"))
    left.hand_back()
    push(bench, job("a"), job("b"))
    left.wait(0.1)
    assert [decode(raw).id for raw in bench.waiting(keys.INFERENCE)] == ["b"]
    assert alive.reclaim_dead().returned == 1
    assert [decode(raw).id for raw in bench.waiting(keys.INFERENCE)] == ["a", "b"]


def test_a_message_delivered_too_often_is_leased_to_the_one_who_buries_it(bench: Bench) -> None:
    alive = bench.inference("alive")
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        assert alive.reclaim_dead().returned == 1
    kill_with_lease(bench)
    (lease,) = alive.reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"
    assert bench.waiting(keys.INFERENCE) == []
    letter = DeadLetter("a", keys.INFER_TASK, keys.INFERENCE, "too often", NOW, lease.raw)
    failed = replace(done(lease, job("a"), "failed"), turns=None, dead_letter=letter)
    assert alive.complete([failed]) == ["applied"]
    assert bench.dead() == [letter]
    record = bench.result("a")
    assert record is not None
    assert record.state == "failed"


def test_a_message_delivered_too_often_is_buried_though_the_reply_that_told_of_it_was_lost(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = RedisBench(redis_url, redis_client)
    alive = bench.inference("alive")
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        alive.reclaim_dead()
    kill_with_lease(bench)
    script = alive._reclaim

    def lost(keys: Sequence[str], args: Sequence[object]) -> object:
        script(keys, args)
        raise redis.ConnectionError("cut after the script had run")

    monkeypatch.setattr(alive, "_reclaim", lost)
    with pytest.raises(QueueUnavailable):
        alive.reclaim_dead()
    monkeypatch.undo()
    (lease,) = alive.reclaim_dead().over_limit
    assert alive.reclaim_dead().over_limit == (lease,)
    alive.complete([replace(done(lease, job("a"), "failed"), turns=None)])
    assert alive.reclaim_dead() == Reclaimed()
    assert not redis_client.exists(keys.doomed("alive"))


def kill_with_lease(bench: Bench) -> None:
    worker = bench.inference("dead")
    worker.beat(status("dead"))
    assert len(worker.lease(1)) == 1
    bench.kill("dead")


def test_a_stopping_worker_hands_back_uncounted(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"), job("b"))
    for _ in range(LIMITS.deliveries + 1):
        queue.lease(2)
        assert queue.hand_back() == 2
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]


def test_a_message_without_a_readable_id_goes_to_the_dead_letters(bench: Bench) -> None:
    bench.push(keys.INFERENCE, b"{not json")
    queue = bench.inference("w")
    (lease,) = queue.lease(1)
    letter = DeadLetter(None, keys.INFER_TASK, keys.INFERENCE, "not JSON", NOW, lease.raw)
    end = Completion(lease.token, None, "failed", b"{}", NOW, dead_letter=letter)
    assert queue.complete([end]) == ["applied"]
    assert bench.dead() == [letter]


def test_tones_meet_the_jobs_that_wait_for_them(bench: Bench) -> None:
    inference, sentiment = bench.inference("w"), bench.sentiment("s")
    sentiment.beat(status("s", keys.SENTIMENT))
    for name in ("early", "late"):
        bench.push(keys.SENTIMENT, encode_tone(job(name)))
    early, late = sentiment.lease(2)
    sad = Tone("negative", 0.9, {"anger": 0.5})
    heard: list[tuple[str, Tone]] = []
    stop = inference.subscribe_tones(lambda job_id, tone: heard.append((job_id, tone)))
    try:
        sentiment.complete([ToneCompletion(early.token, "early", sad)])
        assert inference.tones(["early", "late"]) == {"early": sad}
        verdicts = complete_until_heard(sentiment, late, sad, heard)
        assert verdicts[0] == "applied"
    finally:
        stop()
    assert heard == [("late", sad)]
    assert inference.tones(["late"]) == {"late": sad}


def test_nobody_waits_for_a_tone_that_nobody_judges(bench: Bench) -> None:
    assert bench.inference("w").tones(["a"]) == {"a": UNKNOWN_TONE}


def complete_until_heard(
    sentiment: SentimentQueue, lease: Lease, tone: Tone, heard: list[tuple[str, Tone]]
) -> list[str]:
    from tests.processes import wait_until

    verdicts: list[str] = list(sentiment.complete([ToneCompletion(lease.token, "late", tone)]))
    wait_until(lambda: bool(heard), 5)
    return verdicts


def test_turns_are_capped(bench: Bench) -> None:
    queue = bench.inference("w")
    for name in ("one", "two", "three"):
        push(bench, job(name, "talk"))
        (lease,) = queue.lease(1)
        begin(queue, lease, job(name, "talk"))
        queue.complete([done(lease, job(name, "talk"))])
    assert bench.turns("talk") == ["q two", "r", "q three", "r"]


def test_what_a_dead_worker_of_the_other_queue_held_returns_too(bench: Bench) -> None:
    dead, alive = bench.sentiment("dead"), bench.inference("alive")
    dead.beat(status("dead", keys.SENTIMENT))
    bench.push(keys.SENTIMENT, encode_tone(job("a")))
    for _ in range(LIMITS.deliveries - 1):
        dead.beat(status("dead", keys.SENTIMENT))
        assert len(dead.lease(1)) == 1
        bench.kill("dead")
        assert alive.reclaim_dead() == Reclaimed(returned=1)
    assert len(dead.lease(1)) == 1


def test_what_was_delivered_too_often_is_left_to_a_worker_of_its_own_queue(bench: Bench) -> None:
    passer_by = bench.sentiment("passer-by")
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        assert passer_by.reclaim_dead() == Reclaimed(returned=1)
    kill_with_lease(bench)
    for _ in range(3):
        assert passer_by.reclaim_dead() == Reclaimed()
    assert bench.waiting(keys.INFERENCE) == []
    (lease,) = bench.inference("alive").reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"


def test_leases_whose_reply_was_lost_come_with_the_next_call(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = RedisBench(redis_url, redis_client)
    push(bench, *(job(name) for name in "abc"))
    queue = RedisInferenceQueue(redis_url, "w", bench.clock, LIMITS)
    script = queue._lease

    def lost(keys: Sequence[str], args: Sequence[object]) -> object:
        script(keys, args)
        raise redis.ConnectionError("cut after the script had run")

    monkeypatch.setattr(queue, "_lease", lost)
    with pytest.raises(QueueUnavailable):
        queue.lease(2)
    monkeypatch.undo()
    taken = [lease for _ in range(3) for lease in queue.lease(2)]
    assert [decode(lease.raw).id for lease in taken] == ["a", "b", "c"]
    assert queue.complete([done(lease, job("x")) for lease in taken[:1]]) == ["applied"]


def test_what_was_taken_from_a_worker_meanwhile_is_not_leased_to_it_again(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    push(bench, job("a"))
    queue = RedisInferenceQueue(redis_url, "frozen", bench.clock, LIMITS)
    queue.beat(status("frozen"))
    queue.lease(1)
    queue._lease_calls -= 1  # as if the reply had been lost
    bench.kill("frozen")
    assert bench.inference("alive").reclaim_dead().returned == 1
    assert queue.lease(1) == []


def test_the_sentiment_worker_sees_how_many_answers_wait(
    redis_url: str, redis_client: redis.Redis
) -> None:
    queue = RedisSentimentQueue(redis_url, "s", ManualClock(), LIMITS)
    assert queue.answers_waiting() == 0
    redis_client.lpush(keys.INFERENCE, *range(15))
    assert queue.answers_waiting() == 15


def test_gateways_hear_of_their_jobs_in_one_message(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    queue = bench.inference("w")
    jobs = [job("a", gateway="g1"), job("b", gateway="g1"), job("c", gateway="g2")]
    push(bench, *jobs)
    leases = queue.lease(9)
    with redis_client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g1"))
        heard.get_message(timeout=5)
        queue.complete([done(lease, each) for lease, each in zip(leases, jobs, strict=True)])
        message = heard.get_message(timeout=5)
    record = JobRecord("done", b'{"response":"r"}')
    assert parse_announcement(message["data"]) == [("a", record), ("b", record)]


def test_every_key_in_redis_has_an_end(redis_url: str, redis_client: redis.Redis) -> None:
    bench = RedisBench(redis_url, redis_client)
    test_a_conversation_has_one_job_in_flight(bench)
    unbounded = {
        keys.workers(keys.INFERENCE),
        keys.LEASE_TOKEN,
        keys.DRAIN_RATE,
        keys.SENTIMENT,
        keys.lease("w"),
    }
    names: list[bytes] = redis_client.keys("*")  # type: ignore[assignment]
    for name in (raw.decode() for raw in names):
        assert name in unbounded or redis_client.ttl(name) > 0, name


def test_no_conversations_name_can_block_anothers_lane(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two, odd = job("one", "talk"), job("two", "talk"), job("odd", "talk:waiting")
    push(bench, one, two, odd)
    leases = queue.lease(3)
    verdicts = [
        begin(queue, lease, each) for lease, each in zip(leases, (one, two, odd), strict=True)
    ]
    assert verdicts == ["go", "parked", "go"]
