"""A cascade of real workers: the small model stands in both places, so both say the same."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import redis

from shared import keys
from shared.jobs import ChatJob, Reply, Turn
from shared.results import read_celery_result
from shared.wire import encode_infer
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.linked_model import linked
from tests.support.processes import wait_until

UNSURE = "money for the present card back"
SURE = "How can I use a gift card?"


@dataclass
class Cascade:
    """A worker of each queue, and what they answer."""

    client: "redis.Redis"
    small: WorkerProcess
    large: WorkerProcess

    def ask(self, *jobs: ChatJob) -> None:
        self.client.lpush(keys.INFERENCE, *map(encode_infer, jobs))

    def reply(self, job_id: str) -> Reply | None:
        stored: bytes | None = self.client.get(keys.result(job_id))  # type: ignore[assignment]
        body = read_celery_result(stored).body if stored else None
        return msgspec.json.decode(body, type=Reply) if body else None

    def replies(self, *jobs: ChatJob) -> list[Reply]:
        wait_until(lambda: all(self.reply(each.id) for each in jobs), 60)
        return [reply for each in jobs if (reply := self.reply(each.id))]

    def turns(self, conversation: str) -> list[str]:
        found: list[bytes] = self.client.lrange(keys.turns(conversation), 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(turn, type=Turn).job_id for turn in found]


@pytest.fixture
def cascade(
    redis_url: str, redis_client: "redis.Redis", tmp_path: Path, model_dir: Path
) -> Iterator[Cascade]:
    folder = linked(model_dir, tmp_path / "model")
    linked(model_dir, tmp_path / "model-large")
    small, large = (
        WorkerProcess(
            redis_url,
            queue,
            tmp_path,
            folder,
            PARLEY_ENGINE="litert",
            PARLEY_ENCODER="cascade",
            PARLEY_LATENCY_TARGET_MS="20000",
        )
        for queue in (keys.INFERENCE, keys.INFERENCE_LARGE)
    )
    with small, large:
        wait_until_alive(small, large)
        yield Cascade(redis_client, small, large)


def job(name: str, message: str, conversation: str) -> ChatJob:
    return ChatJob(name, message, conversation, time.time())


def test_what_is_unsure_is_answered_by_the_large_encoder_and_no_death_loses_it(
    cascade: Cascade,
) -> None:
    turns = [job(f"t{n}", SURE if n == 1 else UNSURE, "talk") for n in range(4)]
    cascade.ask(*turns)
    encoders = [each.encoder for each in cascade.replies(*turns)]
    assert encoders == ["large", "small", "large", "large"]
    assert cascade.turns("talk") == [name for n in range(4) for name in (f"t{n}", f"t{n}")]

    os.kill(cascade.large.process.pid, signal.SIGSTOP)  # so that it surely dies with messages
    many = [job(f"m{n}", f"{UNSURE} {n}", f"c{n % 10}") for n in range(40)]
    cascade.ask(*many)
    wait_until(lambda: cascade.client.llen(keys.INFERENCE_LARGE) >= 5, 20)
    cascade.large.process.kill()
    assert {each.encoder for each in cascade.replies(*many)} == {"small"}
    for number in range(10):
        asked = [each.id for each in many if each.conversation_id == f"c{number}"]
        assert cascade.turns(f"c{number}")[::2] == asked
    assert cascade.client.keys("parley:la*") == []
    assert cascade.client.exists(keys.INFERENCE_LARGE, keys.DEAD_LETTERS) == 0
