"""The gateway's ports and a worker's queues over several partitions, here of one server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import msgspec
import pytest
import redis

from gateway.chat_request import ChatRequest
from gateway.idempotency import IdempotencyKey
from gateway.partitioned.placement import PartitionedIds
from gateway.queue.drafts import RedisDrafts
from gateway.queue.publisher import (
    EnqueueOutcome,
    EnqueueRequest,
    ExistingJob,
)
from gateway.queue.rate_limiter import Bucket, Charge
from infra.dead_letters import PartitionedDeadLetterBox
from infra.job_trace import trace_job
from infra.traffic.reading import days_of_all, tenants_of_all, tokens_of_all
from shared import keys, wire
from shared.counts import day_of
from shared.drafts import Draft
from shared.errors import KeyReused, RateLimited, UnsuitableRedis
from shared.jobs import ChatJob
from shared.partition_names import BareKey
from shared.queue_lists import QueueLists
from shared.rate_limits import RateLimit
from shared.redis_server import check_redis_at_start
from tests.contract.broker import NOW, POLICY, job, status
from tests.contract.partition_stand import CALLER, COUNT, Stand
from tests.support.processes import wait_until
from workers.consumer.lease_queue import DueTone, LeasedJob
from workers.draft_source import RedisDraftSource
from workers.gap_store import gap_store, open_gaps_of_all
from workers.gaps import Gap


@pytest.fixture
def stand(redis_url: str) -> Iterator[Stand]:
    stand = Stand(redis_url)
    yield stand
    stand.partitions.close()


def test_every_message_is_answered_wherever_it_lies(stand: Stand) -> None:
    asked = [stand.ask(f"c{number}") for number in range(12)] + [stand.ask(None)]
    assert len({stand.partitions.index_of(each.conversation_id) for each in asked}) == COUNT
    assert sum(stand.ports.health.backlogs()[keys.INFERENCE].values()) == 13
    assert {each.id for each in stand.ports.health.workers()} == {"w"}
    assert sorted(stand.answer_all()) == sorted(each.id for each in asked)
    for each in asked:
        record = stand.ports.jobs.find(each.id)
        assert record is not None
        assert record.state == "done"
        assert len(stand.ports.conversations.turns(each.conversation_id)) == 2
    assert stand.ports.jobs.finished([each.id for each in asked]).keys() == {
        each.id for each in asked
    }
    assert sum(stand.ports.health.backlogs()[keys.INFERENCE].values()) == 0


def test_due_tone_tasks_are_queued_where_their_jobs_are(stand: Stand) -> None:
    stand.worker.heartbeat(replace(status("w"), gives_early=True))
    asked = {each.id for each in (stand.ask(f"c{number}") for number in range(60))}
    leases = stand.worker.lease(60)
    jobs = [LeasedJob(each, wire.read_chat_job(each.raw, NOW)) for each in leases]
    claims = stand.worker.claim(jobs)
    due = [each.job for each, claim in zip(jobs, claims, strict=True) if claim.tone_due]
    assert len(due) == 60 - COUNT * POLICY.ahead_of_tones
    stand.worker.queue_tones([DueTone(each, None) for each in due])
    for client, prefix in zip(stand.partitions.clients, stand.partitions.prefixes, strict=True):
        for raw in cast("list[bytes]", client.lrange(keys.SENTIMENT, 0, -1)):
            tone = wire.read_tone_job(raw, NOW).job_id
            asked.remove(tone)
            index = stand.partitions.index_of(tone)
            assert stand.partitions.prefixes[index] == prefix
    assert asked == set()


def test_a_push_onto_an_empty_partition_wakes_a_worker(stand: Stand) -> None:
    news = stand.worker._news
    while stand.worker.lease(1):
        pass
    stand.ask("c1")
    wait_until(lambda: bool(news._worth), 5)
    assert len(stand.worker.lease(1)) == 1


def test_what_a_celery_client_sends_is_found_and_answered(stand: Stand) -> None:
    own, bare = job("stock-1", "talk"), job("stock-2", "other talk")
    stand.partitions.stock.lpush(keys.INFERENCE, wire.encode_infer(own))
    stand.partitions.stock.lpush(BareKey(keys.INFERENCE), wire.encode_infer(bare))
    assert sorted(stand.answer_all()) == ["stock-1", "stock-2"]
    record = stand.ports.jobs.find("stock-1")
    assert record is not None
    assert len(stand.ports.conversations.turns("talk")) == 2
    assert stand.ports.feedback.put("stock-1", 5, None)
    stand.ports.conversations.erase("talk")
    assert stand.ports.conversations.turns("talk") == []


def test_a_user_is_erased_in_all_partitions(stand: Stand) -> None:
    for number in range(6):
        stand.ask(f"c{number}", "anna")
    stand.ask("waits", "anna")
    stand.ask("c9", "ben")
    stand.answer_all()
    stand.ports.histories.put("digest", "c1")
    stand.ports.users.erase_user("anna")
    assert [len(stand.ports.conversations.turns(f"c{number}")) for number in range(6)] == [0] * 6
    assert len(stand.ports.conversations.turns("c9")) == 2
    assert stand.ports.histories.take("digest") is None


def test_a_job_is_cancelled_and_traced_where_it_is(stand: Stand) -> None:
    asked = [stand.ask(f"c{number}") for number in range(4)]
    trace = trace_job(stand.partitions, asked[0].id, QueueLists())
    assert trace.state == "queued"
    assert all(stand.ports.canceller.cancel(each.id) for each in asked)
    assert not stand.ports.canceller.cancel("unknown")
    assert [stand.ports.follower.follow(each.id, 0) is None for each in asked] == [False] * 4
    assert stand.ports.follower.follow("unknown", 0) is None


def test_an_idempotency_key_leads_to_its_first_job(stand: Stand) -> None:
    key, other = IdempotencyKey("k", "digest"), IdempotencyKey("k", "another")

    def send(conversation: str | None, with_key: IdempotencyKey) -> tuple[ChatJob, EnqueueOutcome]:
        accepted = stand.dispatcher.accept(ChatRequest("hi", conversation, None), CALLER, with_key)
        return accepted, stand.ports.publisher.submit(EnqueueRequest.of(accepted, with_key))

    first, _ = send(None, key)
    _, again = send(None, key)
    assert again == ExistingJob(first.id, first.conversation_id)
    with pytest.raises(KeyReused):
        send("elsewhere", other)


def test_a_pointer_without_an_accepted_job_binds_nobody(stand: Stand) -> None:
    placement, key = PartitionedIds(stand.partitions, 60), IdempotencyKey("k1", "digest")
    first = placement.place(CALLER, None, key)
    assert placement.place(CALLER, None, key).conversation_id == first.conversation_id
    assert placement.place(CALLER, "another", key).conversation_id == "another"
    assert placement.place(CALLER, None, key).conversation_id == "another"


def test_counts_of_all_partitions_are_added_up(stand: Stand) -> None:
    day = day_of(NOW)
    for client in stand.partitions.clients:
        client.hset(keys.counts(day), "kind=answer", 2)
    client.sadd(keys.TENANTS, "acme")
    tenants = tenants_of_all(stand.partitions, None)
    (counted,) = days_of_all(stand.partitions, NOW, 1, tenants)
    assert stand.ports.traffic.today(["default"])["default"] == {"kind=answer": 8}
    assert stand.ports.traffic.tenants() == ["default", "acme"] == tenants
    assert sum(amount for _, amount in counted.fields) == 8


def test_tokens_that_tenants_used_today_are_added_up(stand: Stand) -> None:
    for client in stand.partitions.clients:
        client.hset(keys.tokens_used(day_of(NOW)), mapping={"acme": 10, "default": 1, "bolt": 5})
    used = tokens_of_all(stand.partitions, NOW, ["default", "acme"])
    assert used == {"acme": 40, "default": 4}
    assert tokens_of_all(stand.partitions, NOW + 86_400, ["default", "acme"]) == {}


def test_the_desk_sees_what_lies_in_any_partition(stand: Stand) -> None:
    asked = [stand.ask(f"c{number}", "anna") for number in range(6)]
    stand.answer_all()
    for number, each in enumerate(asked):
        stand.clock.advance(1)
        assert stand.ports.feedback.put(each.id, 1 + number % 2, None)
    newest = stand.ports.ratings.latest("default", "all", 3)
    assert [each.job_id for each in newest] == [each.id for each in reversed(asked[3:])]
    found = stand.ports.stories.find("default", "anna")
    assert sorted(each.conversation_id for each in found) == [f"c{number}" for number in range(6)]
    by_job = stand.ports.stories.find("default", asked[0].id)
    assert [each.conversation_id for each in by_job] == ["c0"]
    assert len(stand.ports.stories.tell("c0").turns) == 2
    assert len(stand.ports.stories.tell("nobody's").turns) == 0


def test_drafts_lie_in_the_first_partition(stand: Stand) -> None:
    drafts = RedisDrafts(stand.partitions.home)
    draft = Draft("d-1", "entry", "wifi", 1.0, "Wifi?", "Yes.", gaps=("x",))
    drafts.add("acme", draft)
    assert drafts.change("acme", replace(draft, answer="No."))
    assert RedisDraftSource(stand.partitions.home).read() == {
        "acme": [replace(draft, answer="No.")]
    }
    drafts.forget("acme", [draft])
    assert drafts.remove("acme", "d-1")
    assert not drafts.remove("acme", "d-1")


def test_gaps_of_all_partitions_are_grouped_together(stand: Stand) -> None:
    for number, client in enumerate(stand.partitions.clients):
        gap = Gap(f"Do you sell {number}?", "fallback", None)
        client.zadd(keys.gaps("default"), {f"c{number}": NOW})
        client.rpush(keys.gaps_of(f"c{number}"), msgspec.json.encode(gap))
    store = gap_store(stand.partitions)
    known = stand.ports.gaps.look("default")
    assert (known.kept, known.at) == (4, None)
    assert store.wanted() == "default"
    before = store.source("default")
    assert len(store.read("default")) == len(open_gaps_of_all(stand.partitions, None)) == 4
    stand.partitions.clients[2].zrem(keys.gaps("default"), "c2")
    assert store.source("default") != before


def test_what_dead_workers_held_comes_back_from_every_partition(stand: Stand) -> None:
    asked = [stand.ask(f"c{number}") for number in range(6)]
    dead = stand.hire("dead")
    assert len(dead.lease(9)) == 6
    for client in stand.partitions.clients:
        client.delete(keys.worker("dead"))
    returned = [stand.worker.reclaim_dead().returned for _ in range(3)]
    assert sum(returned) == 6
    assert sorted(stand.answer_all()) == sorted(each.id for each in asked)


def test_a_bucket_is_one_for_all_conversations(stand: Stand) -> None:
    bucket = Bucket("key", "k1", RateLimit(per_second=1 / 60, burst=2))
    for left in (1, 0):
        charge = Charge((bucket,))
        stand.ports.rate_limiter.take(charge)
        assert charge.states[0].tokens == left
    with pytest.raises(RateLimited):
        stand.ports.rate_limiter.take(Charge((bucket,)))


def test_dead_letters_of_all_partitions_are_one_list(stand: Stand) -> None:
    for index, client in enumerate(stand.partitions.clients):
        client.lpush(
            keys.DEAD_LETTERS,
            b'{"id":"j%d","task":"t","queue":"inference","reason":"r","at":%d,"raw":"e30="}'
            % (index, index),
        )
    box = PartitionedDeadLetterBox(stand.partitions)
    letters = box.read()
    assert [letter.name for letter in letters] == ["j3", "j2", "j1", "j0"]
    assert box.drop(letters[1])
    assert box.retry(letters[0])
    assert [letter.name for letter in box.read()] == ["j1", "j0"]
    assert stand.partitions.stock.llen(keys.INFERENCE) == 1


def test_another_number_of_partitions_is_refused_by_name(redis_url: str) -> None:
    check_redis_at_start(redis_url, 4)
    check_redis_at_start(redis_url, 4)
    for wrong in (None, 1, 5):
        with pytest.raises(UnsuitableRedis, match="This Redis has 4 partitions"):
            check_redis_at_start(redis_url, wrong)


def test_one_partition_leaves_no_trace(redis_url: str, redis_client: redis.Redis) -> None:
    check_redis_at_start(redis_url)
    assert redis_client.keys() == []
