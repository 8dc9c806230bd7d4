"""Fifty thousand spoiled messages: each is a dead letter or a job, and none breaks anything."""

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from shared.errors import MalformedMessage
from shared.jobs import ChatJob
from shared.task_message import peek_id
from shared.wire import encode_infer, encode_tone
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, chat_role, tone_role
from tests.support.fuzzer import Mutator
from tests.support.stock_message import stock_message
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.prepare import Preparer
from workers.consumer.role import Role

SPOILED = 25_000  # on each queue
TOGETHER = 50

NAMES = [f"job-{number}" for number in range(2 * TOGETHER)]
JOBS = [ChatJob(name, "Where is my parcel?", f"c-{name}", 1.7e9, "u", 1.8e9, "g") for name in NAMES]
CHATS = (*map(encode_infer, JOBS), *(stock_message(task_id=name, expires=60) for name in NAMES))
TONES = (
    *map(encode_tone, JOBS),
    stock_message("chat.tone", args=[{"job_id": "j", "message": "m"}]),
)


def test_chat_messages() -> None:
    ends = spoil_and_prepare(Mutator(4, CHATS), chat_role(), encode_infer)
    assert ends["malformed"] > SPOILED / 2
    assert ends["well-formed"] > SPOILED / 100


def test_tone_messages() -> None:
    ends = spoil_and_prepare(Mutator(5, TONES), tone_role(), encode_tone)
    assert ends["malformed"] > SPOILED / 2
    assert ends["well-formed"] > SPOILED / 100


def spoil_and_prepare(
    mutator: Mutator, role: Role[Any, Any], encode: Callable[[ChatJob], bytes]
) -> Counter[str]:
    """Prepare the spoiled in batches, a sound message in each; count how they were read."""
    ends: Counter[str] = Counter()
    names = (f"sound-{number}" for number in count())
    for _ in range(SPOILED // TOGETHER):
        spoiled = [mutator.spoil() for _ in range(TOGETHER)]
        faulty = [raw for raw in spoiled if is_malformed(role.decode, raw)]
        ends.update({"malformed": len(faulty), "well-formed": TOGETHER - len(faulty)})
        sound = encode(ChatJob(next(names), "Hello", "c", 1.7e9))
        queue, context = FakeQueue(), WorkerContext("w", clock=ManualClock())
        preparer = Preparer(context, role, queue, Committer(context, queue, role.task))
        ready = preparer.prepare(queue.push(*spoiled[:25], sound, *spoiled[25:]))
        assert sound in [prepared.lease.raw for prepared in ready]
        letters = [each.dead_letter for each in queue.completed if each.dead_letter]
        assert Counter(letter.raw for letter in letters) == Counter(faulty)
        assert len(ready) + len(queue.completed) == TOGETHER + 1
    return ends


def is_malformed(read: Callable[[bytes, float], object], raw: bytes) -> bool:
    """Tell whether a message is no task; any other error than MalformedMessage fails the test."""
    peek_id(raw)
    try:
        read(raw, 0.0)
    except MalformedMessage:
        return True
    return False


def test_the_same_seed_spoils_alike_and_another_does_not() -> None:
    one, same, other = Mutator(1, CHATS), Mutator(1, CHATS), Mutator(2, CHATS)
    first = [one.spoil() for _ in range(50)]
    assert first == [same.spoil() for _ in range(50)]
    assert first != [other.spoil() for _ in range(50)]


@pytest.mark.parametrize("way", range(11))
def test_every_way_to_spoil_changes_something(way: int) -> None:
    mutator = Mutator(1, CHATS)
    assert any(mutator._ways[way](CHATS[0]) != CHATS[0] for _ in range(5))
