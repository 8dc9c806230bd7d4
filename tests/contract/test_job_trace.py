"""`parley job`: a job is found in every place where one can be."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import redis

from gateway.queue.publisher import EnqueueRequest, RedisPublisher
from infra.cli.exit_status import ExitStatus
from infra.cli.job import describe
from infra.job_trace import JobTrace, JobTracer
from infra.message_search import Place
from shared import keys
from shared.connection import connect
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Tone
from shared.queue_lists import QueueLists
from shared.results import Failure
from tests.contract.broker import NOW, POLICY, Broker, claim, done, job, status, toned
from tests.support.processes import free_port
from tests.support.queue_view import LIMITS as PUBLISHER_LIMITS
from workers.consumer.lease_queue import DeadLetter
from workers.consumer.redis_inference_queue import RedisInferenceQueue

Parley = Callable[..., tuple[int, str, str]]
PATIENT = replace(POLICY, deliveries=5)


@pytest.fixture
def parley(parley: Parley, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Parley:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    return parley


def trace(broker: Broker, job_id: str, max_scanned: int = 20_000) -> JobTrace:
    return JobTracer(broker.client, max_scanned).trace(job_id)


def place(broker: Broker, job_id: str) -> Place:
    found = trace(broker, job_id).place
    assert found is not None
    return found


def sentence(broker: Broker, job_id: str, name: str) -> str:
    return dict(describe(trace(broker, job_id)))[name]


def publish(broker: Broker, *jobs: ChatJob) -> None:
    publisher = RedisPublisher(broker.client, replace(PUBLISHER_LIMITS, messages=10_000))
    for each in jobs:
        publisher.submit(EnqueueRequest.of(each))


def living_worker(broker: Broker, worker_id: str = "alive") -> RedisInferenceQueue:
    worker = broker.inference(worker_id, PATIENT)
    worker.heartbeat(status(worker_id))
    return worker


def die_with(broker: Broker, leases: int, times: int) -> None:
    """Let workers take messages and die; another returns them each time."""
    alive = living_worker(broker)
    for _ in range(times):
        living_worker(broker, "dead").lease(leases)
        broker.kill("dead")
        alive.reclaim_dead()


def test_a_waiting_job_has_a_position_from_the_head(broker: Broker) -> None:
    publish(broker, job("a", gateway="gw"), job("b"), job("c"))
    found = trace(broker, "b")
    assert found.state == "queued"
    assert found.conversation_id == "c-b"
    assert found.place == Place("queue", keys.INFERENCE, 2, 3)
    assert found.deliveries == 0
    assert trace(broker, "a").gateways == ["gw"]
    assert sentence(broker, "b", "where") == "waits on queue 'inference' at position 2 of 3"


def test_a_foreign_job_is_found_on_the_list_of_its_priority(broker: Broker) -> None:
    key = QueueLists().of(keys.INFERENCE)[2]
    publish(broker, job("a"))
    broker.client.rename(keys.INFERENCE, key)
    broker.client.delete(keys.job("a"))
    assert trace(broker, "a").state == "queued"
    assert place(broker, "a") == Place("queue", key, 1, 1)


@pytest.mark.parametrize("queue", keys.RETURN_QUEUES)
def test_a_job_that_was_handed_over_is_found_where_it_waits(broker: Broker, queue: str) -> None:
    publish(broker, job("a"))
    broker.client.rename(keys.INFERENCE, queue)
    assert place(broker, "a") == Place("queue", queue, 1, 1)


def test_a_position_far_back_is_counted_over_all_chunks(broker: Broker) -> None:
    broker.client.lpush(keys.INFERENCE, *[b"x"] * 1_234)
    publish(broker, job("a"))
    assert place(broker, "a").position == 1_235


def test_a_list_that_is_too_long_is_searched_up_to_the_limit_and_says_so(
    broker: Broker,
) -> None:
    publish(broker, job("a"), job("b"), job("c"))
    found = trace(broker, "c", max_scanned=2)
    assert (found.place, found.whole) == (None, False)
    assert ("note", "a list is longer than this command searches") in describe(found)
    assert trace(broker, "b", max_scanned=2).place == Place("queue", keys.INFERENCE, 2, 3)
    assert trace(broker, "c", max_scanned=3).whole


def test_a_parked_job_names_what_it_waits_for(broker: Broker) -> None:
    publish(broker, *(job(name, "talk") for name in ("first", "second", "third")))
    found = place(broker, "third")
    assert (found.kind, found.position, found.waiting) == ("lane", 2, 2)
    assert found.lane_holder == "first"
    parked = "parked in its conversation behind first and 1 other parked jobs"
    assert sentence(broker, "third", "where") == parked


def test_a_leased_job_names_its_worker_and_whether_it_is_alive(broker: Broker) -> None:
    publish(broker, job("a"))
    worker = living_worker(broker)
    (lease,) = worker.lease(1)
    assert claim(worker, lease, job("a")) == "run"
    found = trace(broker, "a")
    assert (found.state, found.deliveries) == ("started", 1)
    alive = "leased by worker alive, which is alive (pid 1 on host)"
    assert sentence(broker, "a", "where") == alive
    broker.kill("alive")
    assert "worker alive, which is dead" in sentence(broker, "a", "where")


def test_a_job_on_its_way_to_a_blocked_worker_is_found(broker: Broker) -> None:
    publish(broker, job("a"))
    worker = living_worker(broker)
    worker.lease(0)
    worker.wait(0.1)
    found = place(broker, "a")
    assert (found.kind, found.position) == ("handoff", 1)
    assert found.worker is not None
    assert found.worker.id == "alive"


def test_a_job_that_workers_died_with_is_in_quarantine(broker: Broker) -> None:
    publish(broker, job("a"))
    die_with(broker, leases=1, times=2)
    found = trace(broker, "a")
    assert place(broker, "a").kind == "quarantine"
    assert (found.deliveries, found.redeliveries) == (2, 2)
    assert sentence(broker, "a", "deliveries") == "2; 2 ended with a dead worker"


def test_a_tone_is_waiting_then_known(broker: Broker) -> None:
    publish(broker, job("a"))
    tone = trace(broker, "a").tone
    assert tone.place == Place("queue", keys.SENTIMENT, 1, 1)
    assert (tone.known, tone.wanted) == (None, False)
    sentiment = broker.sentiment("tones")
    sentiment.heartbeat(status("tones", keys.SENTIMENT))
    (lease,) = sentiment.lease(1)
    living_worker(broker).tones(["a"])
    assert trace(broker, "a").tone.wanted
    assert "leased by worker tones" in sentence(broker, "a", "tone")
    sentiment.complete([toned(lease, "a", Tone("negative", 0.9))])
    assert sentence(broker, "a", "tone") == "known: negative (0.90)"


def test_a_tone_whose_task_is_due_says_so(broker: Broker) -> None:
    publish(broker, job("a"))
    broker.client.delete(keys.SENTIMENT)
    assert sentence(broker, "a", "tone") == "unknown; its task is in no list"
    broker.client.hset(keys.job("a"), "tone_due", "1")
    told = "unknown; its task comes when a worker has read the message"
    assert sentence(broker, "a", "tone") == told


def test_an_answered_job_shows_its_end_and_how_long_that_is_kept(broker: Broker) -> None:
    publish(broker, job("a"))
    worker = living_worker(broker)
    (lease,) = worker.lease(1)
    worker.complete([done(lease, job("a"))])
    found = trace(broker, "a")
    assert (found.state, found.place) == ("done", None)
    assert found.result is not None
    assert found.result.error is None
    assert 3_500 < found.result.ttl_seconds <= 3_600


def test_a_failed_job_shows_why_and_its_dead_letter(broker: Broker) -> None:
    publish(broker, job("a"))
    worker = living_worker(broker)
    (lease,) = worker.lease(1)
    letter = DeadLetter("a", keys.INFER_TASK, keys.INFERENCE, "poison", NOW, lease.raw)
    failure = Failure("failed", "It could not be answered.")
    end = replace(done(lease, job("a"), "failed"), failure=failure, dead_letter=letter)
    worker.complete([end])
    assert sentence(broker, "a", "result").startswith("failed: It could not be answered. (kept for")
    assert sentence(broker, "a", "dead letter") == "poison (2023-11-14 22:13:20 UTC)"
    broker.client.delete(keys.result("a"))
    assert trace(broker, "a").state == "failed"


def test_a_result_that_parley_did_not_write_is_called_unreadable(broker: Broker) -> None:
    broker.client.set(keys.result("a"), b"what is this")
    assert trace(broker, "a").state == "unreadable"


def test_nothing_is_written(broker: Broker) -> None:
    publish(broker, job("a"), job("b"))
    living_worker(broker).lease(1)
    before = snapshot(broker.client)
    assert [trace(broker, name).state for name in ("a", "b", "c")] == [
        "queued",
        "queued",
        "unknown",
    ]
    assert snapshot(broker.client) == before


def snapshot(client: "redis.Redis") -> dict[bytes, object]:
    found: Sequence[bytes] = client.keys()  # type: ignore[assignment]
    return {key: client.dump(key) for key in found}


def test_the_command_prints_sentences_or_json(parley: Parley, broker: Broker) -> None:
    publish(broker, job("a"))
    code, out, _ = parley("job", "a")
    assert code == 0
    assert "waits on queue 'inference' at position 1 of 1" in out
    assert "text of a" not in out
    read = json.loads(parley("job", "a", "--json")[1])
    assert (read["state"], read["place"]["position"]) == ("queued", 1)


def test_an_unknown_job_is_a_sentence(parley: Parley) -> None:
    code, out, error = parley("job", "nowhere")
    assert (code, out) == (ExitStatus.NOT_FOUND, "")
    assert error.startswith("No job nowhere is known: it was never accepted here")


def test_without_redis_it_says_so(broker: Broker) -> None:
    address = f"redis://127.0.0.1:{free_port()}"
    with connect(address) as nothing, pytest.raises(QueueUnavailable):
        JobTracer(nothing).trace("a")
