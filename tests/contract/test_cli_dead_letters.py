"""`parley dead-letters`: what could not be answered is listed, tried again or dropped."""

import json
from collections.abc import Callable
from typing import cast

import msgspec
import pytest
import redis

from infra.cli.exit_status import ExitStatus
from infra.dead_letters import DeadLetterBox, revive
from shared import keys, tenants, wire
from shared.jobs import ChatJob, Translation
from shared.message_headers import with_draft, with_first_look, with_translation
from shared.task_message import decode, peek_id
from workers.consumer.lease_queue import DeadLetter

Parley = Callable[..., tuple[int, str, str]]


def dead_letter(client: "redis.Redis", job_id: str | None, raw: bytes) -> None:
    """Put a dead letter where the drain puts it: at the left."""
    letter = DeadLetter(job_id, keys.INFER_TASK, keys.INFERENCE, "poison", 1_700_000_000.0, raw)
    client.lpush(keys.DEAD_LETTERS, msgspec.json.encode(letter))


def message(job_id: str) -> bytes:
    """Return a message as a gateway sends it, its deadline long past."""
    job = ChatJob(job_id, "Where is my parcel?", "talk-1", 1.0, expires_at=31.0, gateway="gw")
    return wire.encode_infer(job)


@pytest.fixture
def parley(parley: Parley, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Parley:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    return parley


def test_none_are_said_to_be_none(parley: Parley) -> None:
    assert parley("dead-letters", "list") == (0, "No dead letters.\n", "")
    assert json.loads(parley("dead-letters", "list", "--json")[1]) == []


def test_the_list_is_newest_first(parley: Parley, redis_client: "redis.Redis") -> None:
    dead_letter(redis_client, "older", message("older"))
    dead_letter(redis_client, "newer", message("newer"))
    told = json.loads(parley("dead-letters", "list", "--json")[1])
    assert [letter["id"] for letter in told] == ["newer", "older"]
    assert told[0]["reason"] == "poison"
    assert told[0]["at"] == "2023-11-14 22:13:20"
    table = parley("dead-letters", "list")[1]
    assert table.index("newer") < table.index("older")


def test_a_retry_moves_the_message_to_the_tail_as_a_fresh_one(
    parley: Parley, redis_client: "redis.Redis"
) -> None:
    redis_client.lpush(keys.INFERENCE, b"waiting already")
    for leftover in (keys.result("job"), keys.redelivered("job")):
        redis_client.set(leftover, "1")
    redis_client.hset(keys.job("job"), "state", "failed")
    dead_letter(redis_client, "job", message("job"))
    assert parley("dead-letters", "retry", "job") == (0, "1 retried\n", "")
    tail, head = cast("list[bytes]", redis_client.lrange(keys.INFERENCE, 0, -1))
    assert head == b"waiting already"
    task = decode(tail)
    job = wire.decode_job(task, received_at=99.0)
    assert (job.id, job.message, job.conversation_id) == ("job", "Where is my parcel?", "talk-1")
    assert (job.expires_at, job.gateway, job.accepted_at) == (None, None, 99.0)
    assert job.external
    assert redis_client.keys("*") == [keys.INFERENCE.encode()]


@pytest.mark.parametrize("queue", [keys.INFERENCE, keys.INFERENCE_LARGE])
def test_a_first_look_goes_back_to_the_large_encoder_alone(
    redis_client: "redis.Redis", queue: str
) -> None:
    raw = message("job")
    seen = with_first_look(raw, wire.read_chat_job(raw, 1.0), "look")
    assert seen is not None
    letter = DeadLetter("job", keys.INFER_TASK, queue, "broken", 1.0, seen)
    redis_client.lpush(keys.DEAD_LETTERS, msgspec.json.encode(letter))
    box = DeadLetterBox(redis_client)
    assert [box.retry(each) for each in box.read()] == [True]
    (retried,) = cast("list[bytes]", redis_client.lrange(queue, 0, -1))
    job = wire.read_chat_job(retried, received_at=99.0)
    assert (job.first_look is None) == (queue == keys.INFERENCE)
    assert job.accepted_at == 99.0


@pytest.mark.parametrize("queue", [keys.INFERENCE, keys.GENERATION])
def test_a_message_that_was_to_be_put_into_words_is_decided_anew(
    redis_client: "redis.Redis", queue: str
) -> None:
    name = tenants.scope("acme", "job")
    raw = message(name)
    job = wire.read_chat_job(raw, 1.0)
    translated = with_translation(raw, job, Translation("de", "Where?"))
    assert translated is not None
    handed = with_draft(translated, job, "draft")
    assert handed is not None
    letter = DeadLetter(name, keys.INFER_TASK, queue, "broken", 1.0, handed)
    redis_client.lpush(keys.DEAD_LETTERS, msgspec.json.encode(letter))
    box = DeadLetterBox(redis_client)
    assert [box.retry(each) for each in box.read()] == [True]
    flow = keys.flow(queue, "acme")
    (retried,) = cast("list[bytes]", redis_client.lrange(flow, 0, -1))
    job = wire.read_chat_job(retried, received_at=99.0)
    assert (job.draft is None) == (job.translation is None) == (queue == keys.INFERENCE)


def test_a_retry_of_all_keeps_their_order(parley: Parley, redis_client: "redis.Redis") -> None:
    for name in ("first", "second", "third"):
        dead_letter(redis_client, name, message(name))
    assert parley("dead-letters", "retry", "--all")[1] == "3 retried\n"
    queued = [redis_client.rpop(keys.INFERENCE) for _ in range(3)]
    assert [peek_id(raw) for raw in queued] == ["first", "second", "third"]  # type: ignore[arg-type]


def test_a_letter_is_retried_once_by_two_who_try(redis_client: "redis.Redis") -> None:
    dead_letter(redis_client, "job", message("job"))
    box = DeadLetterBox(redis_client)
    (boxed,) = box.read()
    assert box.retry(boxed)
    assert not box.retry(boxed)
    assert not box.drop(boxed)
    assert redis_client.llen(keys.INFERENCE) == 1


def test_a_message_without_an_id_has_a_name_and_goes_back_as_it_was(
    parley: Parley, redis_client: "redis.Redis"
) -> None:
    dead_letter(redis_client, None, b"no JSON \xff\x00")
    name = json.loads(parley("dead-letters", "list", "--json")[1])[0]["id"]
    assert parley("dead-letters", "retry", name)[0] == 0
    assert redis_client.lrange(keys.INFERENCE, 0, -1) == [b"no JSON \xff\x00"]


def test_dropping_touches_only_what_was_named(parley: Parley, redis_client: "redis.Redis") -> None:
    for name in ("keep", "drop"):
        dead_letter(redis_client, name, message(name))
    assert json.loads(parley("dead-letters", "drop", "drop", "--json")[1]) == {"dropped": ["drop"]}
    assert [boxed.name for boxed in DeadLetterBox(redis_client).read()] == ["keep"]
    assert redis_client.llen(keys.INFERENCE) == 0


def test_show_tells_the_whole_message(parley: Parley, redis_client: "redis.Redis") -> None:
    dead_letter(redis_client, "job", message("job"))
    told = json.loads(parley("dead-letters", "show", "job", "--json")[1])
    assert told["queue"] == "inference"
    assert peek_id(told["message"].encode()) == "job"


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_nothing_named_and_nothing_known_are_sentences(parley: Parley, action: str) -> None:
    code, _, told = parley("dead-letters", action)
    assert code == ExitStatus.USAGE
    assert "say --all" in told
    code, _, told = parley("dead-letters", action, "ghost")
    assert code == ExitStatus.NOT_FOUND
    assert "no dead letter ghost" in told


def test_without_redis_it_is_one_sentence(parley: Parley, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", "redis://127.0.0.1:1/0")
    code, _, told = parley("dead-letters", "list")
    assert code == ExitStatus.UNREACHABLE
    assert told.startswith("No Redis answers at redis://127.0.0.1:1/0 (")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"headers": 3}', b"\xff", b"[" * 5000])
def test_reviving_what_is_no_task_changes_nothing(raw: bytes) -> None:
    assert revive(raw, keys.INFERENCE) == raw
