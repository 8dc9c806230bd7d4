"""Fifty thousand spoiled messages: each is a dead letter or a job, and none breaks anything."""

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from shared import keys
from shared.errors import MalformedMessage
from shared.jobs import ChatJob
from shared.wire import decode, decode_job, decode_tone, encode_infer, encode_tone, peek_id
from tests.mutation import Mutator
from tests.unit.test_consumer_prepare import Scene
from tests.unit.test_shared_wire import stock_message

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
    ends = spoil_and_prepare(
        Mutator(4, CHATS), keys.INFERENCE, lambda raw: decode_job(decode(raw), 0.0), encode_infer
    )
    assert ends["malformed"] > SPOILED / 2
    assert ends["well-formed"] > SPOILED / 100


def test_tone_messages() -> None:
    ends = spoil_and_prepare(
        Mutator(5, TONES), keys.SENTIMENT, lambda raw: decode_tone(decode(raw)), encode_tone
    )
    assert ends["malformed"] > SPOILED / 2
    assert ends["well-formed"] > SPOILED / 100


def spoil_and_prepare(
    mutator: Mutator,
    queue: str,
    read: Callable[[bytes], object],
    encode: Callable[[ChatJob], bytes],
) -> Counter[str]:
    """Prepare the spoiled in batches, a sound message in each; count how they were read."""
    ends: Counter[str] = Counter()
    names = (f"sound-{number}" for number in count())
    for _ in range(SPOILED // TOGETHER):
        scene = Scene()
        spoiled = [mutator.spoil() for _ in range(TOGETHER)]
        faulty = [raw for raw in spoiled if is_malformed(read, raw)]
        ends.update({"malformed": len(faulty), "well-formed": TOGETHER - len(faulty)})
        sound = next(names)
        messages = [*spoiled[:25], encode(scene.job(sound)), *spoiled[25:]]
        if queue == keys.INFERENCE:
            chats = scene.prepare(*messages)
            ready = [work.job.id for work in chats]
        else:
            tones = scene.prepare_tones(*messages)
            ready = [work.job.id for work in tones]
        assert sound in ready
        letters = Counter(letter.raw for letter in scene.broker.dead_letters)
        assert letters <= Counter(faulty)
        held = sum(map(len, scene.broker.leases.values()))
        assert held == len(ready)
    return ends


def is_malformed(read: Callable[[bytes], object], raw: bytes) -> bool:
    """Tell whether a message is no task; any other error than MalformedMessage fails the test."""
    peek_id(raw)
    try:
        read(raw)
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
