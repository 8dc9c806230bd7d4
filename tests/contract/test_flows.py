"""Flows on the real server: tenants in turn, each in its own order, nothing lost, nobody asleep."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.health import RedisHealth
from gateway.queue.publisher import EnqueueLimits, Queued, RedisPublisher
from infra.dead_letters import DeadLetterBox
from infra.message_search import MessageSearch
from shared import keys, tenants
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob
from shared.task_message import decode
from shared.wire import encode_infer, encode_tone
from tests.contract.broker import NOW, POLICY, Broker, claim, done, status
from tests.support.processes import RedisServer, wait_until
from tests.support.queue_view import publish
from workers.consumer.lease_queue import DeadLetter, Lease
from workers.consumer.redis_inference_queue import RedisInferenceQueue

TENANTS = ("default", "acme", "beta", "zeta")
LIMITS = EnqueueLimits(messages=1_000, job_ttl_seconds=60, lane_ttl_seconds=90)
BACKLOGS = st.lists(st.sampled_from(TENANTS), max_size=60)
WEIGHTS = st.dictionaries(st.sampled_from(TENANTS), st.integers(1, 5))
SIZES = st.lists(st.integers(1, 9), min_size=1)


def of(tenant: str, name: str, conversation: str | None = None) -> ChatJob:
    ids = [tenants.scope(tenant, each) for each in (name, conversation or f"c-{name}")]
    return ChatJob(ids[0], f"text of {name}", ids[1], NOW, gateway="g")


def flood(publisher: RedisPublisher, tenant: str, count: int) -> None:
    for number in range(count):
        publish(publisher, of(tenant, f"{number}"))


def tenants_of(leases: Sequence[Lease]) -> list[str]:
    return [tenants.tenant_of(decode(lease.raw).id) for lease in leases]


def names_of(leases: Sequence[Lease]) -> list[str]:
    return [tenants.local(decode(lease.raw).id) for lease in leases]


@pytest.fixture
def publisher(broker: Broker) -> RedisPublisher:
    return RedisPublisher(broker.client, LIMITS)


def test_leases_go_round_the_tenants(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 5)
    flood(publisher, "beta", 2)
    flood(publisher, "default", 3)
    queue = broker.inference("w")

    taken = tenants_of(queue.lease(3) + queue.lease(3) + queue.lease(9))

    assert taken == ["acme", "beta", "default"] * 2 + ["acme", "default", "acme", "acme"]
    assert queue.lease(9) == []
    assert broker.client.exists(keys.flows(keys.INFERENCE), keys.INFERENCE) == 0


def test_a_single_message_comes_next_though_another_tenant_has_flooded_the_queue(
    broker: Broker, publisher: RedisPublisher
) -> None:
    flood(publisher, "acme", 300)
    queue = broker.inference("w")
    queue.lease(200)
    flood(publisher, "default", 1)
    flood(publisher, "beta", 1)

    assert sorted(tenants_of(queue.lease(3))) == ["acme", "beta", "default"]


def test_who_always_has_one_waiting_gets_no_more_than_its_share(
    broker: Broker, publisher: RedisPublisher
) -> None:
    flood(publisher, "default", 40)
    queue, taken = broker.inference("w"), []
    for number in range(40):
        publish(publisher, of("acme", f"{number}"))
        taken += tenants_of(queue.lease(1))

    assert abs(Counter(taken)["acme"] - 20) <= 1


@settings(max_examples=40)
@given(backlog=BACKLOGS, weights=WEIGHTS, sizes=SIZES)
def test_each_flow_has_its_share_and_keeps_its_order(
    redis_server: RedisServer, backlog: list[str], weights: dict[str, int], sizes: list[int]
) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        publisher = RedisPublisher(client, LIMITS)
        for number, tenant in enumerate(backlog):
            publish(publisher, of(tenant, f"{number}"))
        policy = replace(POLICY, tenant_weights=weights)
        queue = Broker(redis_server.url, client).inference("w", policy)
        taken: list[Lease] = []
        while leases := queue.lease(sizes[len(taken) % len(sizes)]):
            taken += leases

    found = list(zip(tenants_of(taken), names_of(taken), strict=True))
    for tenant in TENANTS:
        sent = [f"{number}" for number, each in enumerate(backlog) if each == tenant]
        assert [name for each, name in found if each == tenant] == sent
    check_shares([tenant for tenant, _ in found], Counter(backlog), weights)


def check_shares(
    taken: Sequence[str], backlog: Mapping[str, int], weights: Mapping[str, int]
) -> None:
    """While messages of two tenants wait, neither is more than a turn ahead of the other."""
    had: Counter[str] = Counter()
    for tenant in taken:
        had[tenant] += 1
        turns = [had[each] / weights.get(each, 1) for each in backlog if had[each] < backlog[each]]
        assert not turns or max(turns) - min(turns) <= 1 + 1e-9


@settings(max_examples=40)
@given(steps=st.lists(st.sampled_from((*TENANTS, "client", "w1", "w2", "stop")), max_size=50))
def test_whatever_comes_when_nothing_is_lost_and_no_worker_overlooks_it(
    redis_server: RedisServer, steps: list[str]
) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        broker, publisher = Broker(redis_server.url, client), RedisPublisher(client, LIMITS)
        queues = {name: broker.inference(name) for name in ("w1", "w2")}
        ended: list[str] = []
        for number, step in enumerate(steps):
            if step in TENANTS:
                publish(publisher, of(step, f"{number}"))
            elif step == "client":
                broker.push(keys.INFERENCE, encode_infer(of("default", f"{number}")))
            elif step == "stop":
                queues["w1"].lease(2)
                queues["w1"].release_all()
            else:
                if client.exists(keys.INFERENCE):
                    queues[step].wait(1)
                ended += end_all(queues[step], queues[step].lease(2))
            waiting = [client.llen(keys.flow(keys.INFERENCE, each)) for each in TENANTS]
            assert waiting[0] or not any(waiting), "a worker that waits would not notice"
        while leases := queues["w2"].lease(5):
            ended += end_all(queues["w2"], leases)

    sent = [f"{number}" for number, step in enumerate(steps) if step in (*TENANTS, "client")]
    assert Counter(ended) == Counter(sent)


def end_all(queue: RedisInferenceQueue, leases: Sequence[Lease]) -> list[str]:
    jobs = [of("default", name) for name in names_of(leases)]
    ends = [done(lease, job) for lease, job in zip(leases, jobs, strict=True)]
    if ends:
        assert queue.complete(ends) == ["applied"] * len(ends)
    return names_of(leases)


def test_a_worker_that_waits_is_woken_by_a_tenants_message(
    broker: Broker, publisher: RedisPublisher
) -> None:
    def is_blocked() -> bool:
        clients: dict[str, int] = broker.client.info("clients")
        return clients["blocked_clients"] == 1

    queue = broker.inference("w")
    asleep = threading.Thread(target=queue.wait, args=(20,))
    asleep.start()
    wait_until(is_blocked, 10)

    publish(publisher, of("acme", "a"))
    asleep.join(timeout=10)

    assert not asleep.is_alive()
    assert names_of(queue.lease(9)) == ["a"]


def test_what_is_left_wakes_the_next_worker(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 3)
    first, second = broker.inference("w1"), broker.inference("w2")
    first.wait(5)
    assert names_of(first.lease(1)) == ["0"]

    began_at = time.monotonic()
    second.wait(20)

    assert time.monotonic() - began_at < 10
    assert names_of(second.lease(9)) == ["1", "2"]


def test_what_a_dead_worker_held_returns_to_its_tenants_flow(
    broker: Broker, publisher: RedisPublisher
) -> None:
    flood(publisher, "acme", 3)
    dead = broker.inference("dead")
    dead.heartbeat(status("dead"))
    dead.wait(5)
    dead.lease(2)
    dead.wait(5)  # it is woken, and dies before it leases
    broker.kill("dead")
    alive = broker.inference("alive")

    assert alive.reclaim_dead().returned == 2
    assert broker.client.llen(keys.flow(keys.INFERENCE, "acme")) == 3
    assert names_of(alive.lease(9)) == ["0", "1", "2"]


def test_who_dies_as_it_is_woken_leaves_the_next_worker_awake(
    broker: Broker, publisher: RedisPublisher
) -> None:
    worker = broker.inference("w")
    flood(publisher, "acme", 1)
    worker.wait(1)
    assert broker.client.exists(keys.INFERENCE) == 0
    worker.release_all()
    assert broker.client.lrange(keys.INFERENCE, 0, -1) == [keys.WAKE.encode()]
    assert names_of(broker.inference("v").lease(9)) == ["0"]
    assert broker.client.exists(keys.flows(keys.INFERENCE), keys.INFERENCE) == 0


def test_a_parked_job_goes_on_in_its_tenants_flow(
    broker: Broker, publisher: RedisPublisher
) -> None:
    jobs = [of("acme", name, "talk") for name in ("a", "b")]
    for each in jobs:
        publish(publisher, each)
    queue = broker.inference("w")
    (lease,) = queue.lease(9)
    claim(queue, lease, jobs[0])
    assert broker.client.hgetall(keys.PARKED_COUNTS) == {b"acme": b"1"}

    queue.complete([done(lease, jobs[0])])

    assert broker.client.llen(keys.flow(keys.INFERENCE, "acme")) == 1
    assert broker.client.exists(keys.PARKED_COUNTS) == 0
    assert names_of(queue.lease(9)) == ["b"]


def test_tones_go_round_the_tenants_too(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 3)
    flood(publisher, "default", 2)
    queue = broker.sentiment("t")

    taken = queue.lease(4)

    assert tenants_of(taken) == ["acme", "default", "acme", "default"]
    assert names_of(taken)[0] == "tone-0"


def test_a_flow_of_tones_is_bounded(broker: Broker, publisher: RedisPublisher) -> None:
    flow = keys.flow(keys.SENTIMENT, "acme")
    broker.client.lpush(flow, *(encode_tone(of("acme", "old")) for _ in range(keys.MAX_TONES)))

    publish(publisher, of("acme", "new"))

    assert broker.client.llen(flow) == keys.MAX_TONES
    assert decode(broker.waiting(flow)[-1]).id == tenants.scope("acme", "tone-new")


def test_a_full_queue_takes_what_is_under_a_tenants_share(broker: Broker) -> None:
    publisher = RedisPublisher(broker.client, replace(LIMITS, messages=12))
    flood(publisher, "acme", 12)
    with pytest.raises(AdmissionRefused):
        publish(publisher, of("acme", "more"))

    flood(publisher, "beta", 6)

    with pytest.raises(AdmissionRefused):
        publish(publisher, of("beta", "more"))
    assert publish(publisher, of("default", "first")) == Queued(1)
    with pytest.raises(AdmissionRefused):
        publish(publisher, of("acme", "more"))


def test_the_blank_that_wakes_a_worker_takes_no_place(broker: Broker) -> None:
    publisher = RedisPublisher(broker.client, replace(LIMITS, messages=3))
    queue = broker.inference("w")
    publish(publisher, of("default", "first"))
    queue.lease(1)
    publish(publisher, of("acme", "second"))  # another list: a blank lies in the queue's own

    queue.release_all()  # the first message comes back over it

    assert publish(publisher, of("default", "third")) == Queued(2)
    with pytest.raises(AdmissionRefused):
        publish(publisher, of("default", "fourth"))


def test_jobs_that_wait_behind_others_count_against_their_tenants_share(broker: Broker) -> None:
    publisher = RedisPublisher(broker.client, replace(LIMITS, messages=8))
    flood(publisher, "acme", 8)
    for name in ("a", "b", "c", "d"):
        publish(publisher, of("beta", name, "talk"))

    with pytest.raises(AdmissionRefused):
        publish(publisher, of("beta", "e", "other"))


def test_the_position_of_a_job_is_that_among_its_tenants(publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 5)

    assert publish(publisher, of("beta", "a")) == Queued(1)
    assert publish(publisher, of("default", "b")) == Queued(1)
    assert publish(publisher, of("acme", "c")) == Queued(6)


def test_a_dead_letter_is_retried_in_its_tenants_flow(broker: Broker) -> None:
    job = of("acme", "a")
    letter = DeadLetter(job.id, keys.INFER_TASK, keys.INFERENCE, "tests", NOW, encode_infer(job))
    queue = broker.inference("w")
    broker.push(keys.INFERENCE, encode_infer(job))
    (lease,) = queue.lease(1)
    queue.complete([replace(done(lease, job, "failed"), dead_letter=letter)])
    box = DeadLetterBox(broker.client)
    (stored,) = box.read()

    assert stored.name == "acme/a"
    assert box.retry(stored)
    assert broker.client.llen(keys.flow(keys.INFERENCE, "acme")) == 1
    assert names_of(queue.lease(9)) == ["a"]


def test_a_message_is_found_in_its_tenants_flow(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 2)

    place = MessageSearch(broker.client).find(keys.INFERENCE, tenants.scope("acme", "1"))

    assert place
    assert (place.kind, place.position, place.waiting) == ("queue", 2, 2)


def test_the_backlog_is_told_by_tenant(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "acme", 2)

    assert RedisHealth(broker.client).backlogs()["inference"] == {"default": 0, "acme": 2}


def test_no_flow_looks_foreign(broker: Broker, publisher: RedisPublisher) -> None:
    flood(publisher, "t1", 2)  # ends in a digit, as a list of another priority does

    assert RedisHealth(broker.client).foreign_lists() == {}
