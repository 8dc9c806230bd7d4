"""Spoiled messages on the queues of real workers: none of them ends, and the sound are answered."""

import json
import random
import time
from collections.abc import Sequence

import msgspec
import redis

from shared import keys
from shared.jobs import ChatJob
from shared.wire import encode_infer, encode_tone
from shared.worker_status import WorkerStatus
from tests.e2e.conftest import Stack
from tests.support.fuzzer import Mutator
from tests.support.processes import wait_until
from tests.support.stock_message import stock_message

SPOILED = 1_500  # on each queue
SOUND = 50

JOBS = [ChatJob(f"fuzz-{n}", "How can I pay?", f"fuzz-{n}", 1.7e9) for n in range(200)]
STOCK = [stock_message(task_id=f"fuzz-stock-{n}", expires=600) for n in range(200)]


def test_spoiled_messages_stop_nobody(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as client:
        before = processes(client)
        assert len(before) >= 2
        sound = [stock_message(task_id=f"sound-{n}") for n in range(SOUND)]
        chats = Mutator(8, [*map(encode_infer, JOBS), *STOCK])
        tones = Mutator(9, [encode_tone(job) for job in JOBS])
        push(client, keys.INFERENCE, mixed([chats.spoil() for _ in range(SPOILED)], sound))
        push(client, keys.SENTIMENT, [tones.spoil() for _ in range(SPOILED)])

        wait_until(lambda: answered(client) == SOUND, 90, 0.2)
        wait_until(lambda: nothing_is_left(client), 90, 0.2)
        assert processes(client) == before
        assert client.llen(keys.DEAD_LETTERS) > SPOILED
        client.delete(keys.DEAD_LETTERS)


def mixed(spoiled: Sequence[bytes], sound: Sequence[bytes]) -> list[bytes]:
    """Return both in an order that a seed decides."""
    messages = [*spoiled, *sound]
    random.Random(1).shuffle(messages)
    return messages


def push(client: "redis.Redis", queue: str, messages: Sequence[bytes]) -> None:
    for start in range(0, len(messages), 500):
        client.lpush(queue, *messages[start : start + 500])


def answered(client: "redis.Redis") -> int:
    """Return how many of the sound messages have a reply."""
    stored = client.mget([keys.result(f"sound-{n}") for n in range(SOUND)])
    return sum(json.loads(result)["status"] == "SUCCESS" for result in stored if result)


def nothing_is_left(client: "redis.Redis") -> bool:
    """Tell whether no message waits and none is in anybody's hands."""
    waiting = sum(client.llen(queue) for queue in (keys.INFERENCE, keys.SENTIMENT))
    held = list(client.scan_iter(keys.lease("*")))
    return not waiting and not held


def processes(client: "redis.Redis") -> set[tuple[str, int]]:
    """Return the living workers and their process ids."""
    beats = [client.get(name) for name in client.scan_iter(keys.worker("*"))]
    statuses = [
        msgspec.json.decode(heartbeat, type=WorkerStatus) for heartbeat in beats if heartbeat
    ]
    assert all(status.started_at < time.time() for status in statuses)
    return {(status.queue, status.pid) for status in statuses}
