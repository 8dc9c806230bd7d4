"""What the gateway reads from Redis: jobs, conversations, health."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import pytest
import redis
from prometheus_client import generate_latest

from gateway.health import RedisHealth
from gateway.queue.conversations import RedisConversations
from gateway.queue.handovers import RedisHandovers
from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import EnqueueLimits
from gateway.queue.traffic import RedisTraffic
from gateway.scraped_metrics import OperationsCollector
from shared import keys, results
from shared.connection import connect
from shared.errors import QueueUnavailable
from shared.heartbeats import read_heartbeats
from shared.jobs import JobState, Turn
from shared.queue_lists import QueueLists
from shared.results import Failure, JobRecord
from shared.worker_status import WorkerStatus
from tests.fakes.clock import ManualClock
from tests.support.processes import free_port

BODY = b'{"response":"Hello"}'


@dataclass
class Jobs:
    client: redis.Redis

    def __post_init__(self) -> None:
        self.store = RedisJobStore(self.client)

    def put(self, job_id: str, record: JobRecord) -> None:
        if record.body is None:
            self.client.hset(keys.job(job_id), mapping={"state": record.state, "conversation": "c"})
        else:
            result = results.celery_result(job_id, record.state, record.body, 1.0)
            self.client.set(keys.result(job_id), result)


@pytest.fixture
def jobs(redis_client: "redis.Redis") -> Jobs:
    return Jobs(redis_client)


def test_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    assert jobs.store.find("a") is None


@pytest.mark.parametrize("state", ["queued", "started"])
def test_a_job_that_has_not_ended_has_a_state(jobs: Jobs, state: JobState) -> None:
    jobs.put("a", JobRecord(state))

    assert jobs.store.find("a") == JobRecord(state)


def test_a_reply_is_found_byte_for_byte(jobs: Jobs) -> None:
    jobs.put("a", JobRecord("done", BODY))

    assert jobs.store.find("a") == JobRecord("done", BODY)


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_a_failure_keeps_its_state(jobs: Jobs, state: JobState) -> None:
    record = JobRecord(state, results.encode_failure(Failure(state, "Sorry.")))
    jobs.put("a", record)

    assert jobs.store.find("a") == record


def test_only_ended_jobs_are_finished(jobs: Jobs) -> None:
    done = JobRecord("done", BODY)
    jobs.put("done", done)
    jobs.put("queued", JobRecord("queued"))

    assert jobs.store.finished(["done", "queued", "unknown"]) == {"done": done}
    assert jobs.store.finished([]) == {}


def test_many_are_looked_up(redis_client: "redis.Redis") -> None:
    names = [f"job-{number}" for number in range(1_201)]
    for name in names:
        redis_client.set(keys.result(name), results.celery_result(name, "done", BODY, 1.0))

    assert RedisJobStore(redis_client).finished(names).keys() == set(names)


def test_a_result_that_cannot_be_read_is_skipped(redis_client: "redis.Redis") -> None:
    redis_client.set(keys.result("a"), b"\x80 pickle?")
    redis_client.hset(keys.job("b"), "state", "dreaming")
    store = RedisJobStore(redis_client)

    assert store.find("a") is None
    assert store.find("b") == JobRecord("queued")


def conversations_in(client: "redis.Redis") -> RedisConversations:
    return RedisConversations(client, ManualClock(), EnqueueLimits(4, 60, 90))


def test_turns_come_in_order_until_erased(redis_client: "redis.Redis") -> None:
    conversations = conversations_in(redis_client)
    turns = [msgspec.json.encode(Turn("user", text, "a", 1.0)) for text in ("one", "two")]
    redis_client.rpush(keys.turns("c"), *turns)

    assert conversations.turns("c") == turns
    assert conversations.turns("other") == []
    conversations.erase("c")
    conversations.erase("other")
    assert conversations.turns("c") == []


def test_erasing_leaves_no_dialogue_behind(redis_client: "redis.Redis") -> None:
    redis_client.set(keys.dialogue("c"), "{}")

    conversations_in(redis_client).erase("c")

    assert redis_client.keys() == []


def status(name: str, queue: str) -> WorkerStatus:
    return WorkerStatus(name, queue, "litert", 7, "host", 1.0, {"batches_total": 3.0})


def test_nothing_at_the_start(redis_client: "redis.Redis") -> None:
    health = RedisHealth(redis_client)

    assert health.workers() == []
    assert health.backlogs() == {queue: {"default": 0} for queue in keys.QUEUES}


def test_workers_and_backlogs_are_seen(redis_client: "redis.Redis") -> None:
    workers = [status("w-1", "inference"), status("w-2", "inference"), status("s-1", "sentiment")]
    for worker in workers:
        redis_client.set(keys.worker(worker.id), msgspec.json.encode(worker), ex=10)
        redis_client.zadd(keys.workers(worker.queue), {worker.id: 1.0})
    redis_client.lpush("inference", *[b"x"] * 4)
    health = RedisHealth(redis_client)

    assert health.workers() == workers
    assert read_heartbeats(redis_client, ["sentiment"]) == workers[2:]
    assert health.backlogs()["inference"] == {"default": 4}


def test_a_worker_without_heartbeat_is_dead(redis_client: "redis.Redis") -> None:
    redis_client.zadd(keys.workers("inference"), {"gone": 1.0})

    assert RedisHealth(redis_client).workers() == []


def test_every_priority_step_counts(redis_client: "redis.Redis") -> None:
    for key in QueueLists().of("sentiment"):
        redis_client.lpush(key, b"x")

    assert RedisHealth(redis_client).backlogs()["sentiment"] == {"default": 10}


def test_what_lies_beside_the_queues_is_counted(redis_client: "redis.Redis") -> None:
    redis_client.lpush(keys.DEAD_LETTERS, "{}", "{}")
    redis_client.zadd(keys.PARKED, {"a": 1.0})
    redis_client.lpush(keys.quarantine(keys.SENTIMENT), b"x")
    storage = RedisHealth(redis_client).storage()
    assert (storage.dead_letters, storage.parked, storage.scheduled) == (2, 1, 0)
    assert storage.quarantined == {**dict.fromkeys(keys.QUEUES, 0), keys.SENTIMENT: 1}
    assert storage.memory_bytes is not None
    assert storage.memory_bytes > 100_000
    assert storage.memory_limit_bytes is None


def test_an_account_that_may_not_ask_for_memory_is_no_fault(redis_client: "redis.Redis") -> None:
    redis_client.acl_setuser(
        "narrow", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"]
    )
    address = redis_client.connection_pool.connection_kwargs
    narrow = redis.Redis(host=address["host"], port=address["port"], username="narrow", password="")
    with narrow:
        storage = RedisHealth(narrow).storage()
    redis_client.acl_deluser("narrow")
    assert (storage.memory_bytes, storage.memory_limit_bytes) == (None, None)


class CountingConnection(redis.Connection):
    """Counts what is sent in one piece and answered in one: round trips."""

    sent = 0

    def send_packed_command(self, *args: Any, **options: Any) -> Any:
        type(self).sent += 1
        return cast("Any", super()).send_packed_command(*args, **options)


def test_a_scrape_is_a_dozen_round_trips(redis_client: "redis.Redis") -> None:
    address, clock = redis_client.connection_pool.connection_kwargs, ManualClock()
    pool = redis.ConnectionPool(
        CountingConnection, host=address["host"], port=address["port"], db=address.get("db", 0)
    )
    with redis.Redis.from_pool(pool) as client:
        client.zadd(keys.flows(keys.INFERENCE), {"acme": 1, "default": 2})
        client.lpush(keys.flow(keys.INFERENCE, "acme"), b"x")
        scraped = OperationsCollector(
            RedisHealth(client),
            RedisHandovers(client, clock, 60),
            RedisTraffic(client, clock),
            clock,
        )
        assert generate_latest(scraped)  # it connects and loads its script
        before = CountingConnection.sent
        assert b'parley_tenant_messages{queue="inference",tenant="acme"} 1.0' in generate_latest(
            scraped
        )
    assert CountingConnection.sent - before <= 12


def test_without_a_server_all_say_so() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    health, conversations = RedisHealth(client), conversations_in(client)
    calls: list[Callable[[], object]] = [
        health.workers,
        health.backlogs,
        health.oldest_seconds,
        health.storage,
        lambda: conversations.turns("c"),
        lambda: conversations.erase("c"),
        lambda: RedisJobStore(client).find("a"),
        lambda: RedisJobStore(client).finished(["a"]),
    ]
    for call in calls:
        with pytest.raises(QueueUnavailable):
            call()
