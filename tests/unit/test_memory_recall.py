"""What is remembered is found again by meaning and by words; what was asked counts less."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.errors import QueueUnavailable
from workers.dialogue.state import pack_vectors
from workers.memory.memory import MemoryRecord, encode_record, read_records
from workers.memory.recall import search
from workers.memory.redis_memory import PartitionedMemory

AXES = np.eye(4, dtype=np.float32)


def record(text: str, vector: NDArray[np.float32] = AXES[0]) -> MemoryRecord:
    return MemoryRecord("c", text, text, 1.0, "test", pack_vectors(vector[None])[0])


def best(topic: str, *records: MemoryRecord) -> str:
    return search(records, topic, AXES[:1])[0].record.text


def test_the_nearest_comes_first() -> None:
    assert best("x", record("the sofa is blue", AXES[1]), record("the lamp is red")) == (
        "the lamp is red"
    )


def test_shared_words_decide_between_equally_near_ones() -> None:
    assert best("the refund", record("the lamp is red"), record("refund came late")) == (
        "refund came late"
    )


def test_a_statement_comes_before_a_question() -> None:
    assert best("refund", record("when is my refund here?"), record("my refund is 30 pounds")) == (
        "my refund is 30 pounds"
    )


def test_a_wish_is_no_question() -> None:
    assert best("sofa", record("can I have the sofa in blue?"), record("please send a sofa")) == (
        "please send a sofa"
    )


def test_what_is_sought_need_not_stand_in_the_answer() -> None:
    told = record("I want the sofa in moss green")
    assert best("colour for the sofa", record("I saw another colour"), told) == told.text


def test_what_says_more_comes_first() -> None:
    long = record("the blue lamp fell down the stairs")
    assert best("x", long, record("the lamp")) == long.text


def test_what_is_near_to_everything_comes_later() -> None:
    between = np.asarray((AXES[0] + AXES[1]) / np.sqrt(2), np.float32)
    crowd = [record(f"the lamp {number}", AXES[1]) for number in range(6)]
    near = record("the lamp a", between)
    far = record("the lamp b", np.asarray(0.65 * AXES[0] + 0.76 * AXES[2], np.float32))
    assert search([near, far], "x", AXES[:1])[0].record is near
    assert search([near, far, *crowd], "x", AXES[:1])[0].record is far


def test_a_score_does_not_hang_on_how_much_is_remembered() -> None:
    told = record("my size is 9")
    (alone,) = search([told], "size", AXES[:1])
    assert alone.score == pytest.approx(1 + 0.1 + 0.05, abs=0.01)


def test_the_later_of_two_equal_ones_comes_first() -> None:
    first, second = record("my size is 9"), record("my size is 9")
    assert search([first, second], "size", AXES[:1])[0].record is second


def test_nothing_is_recalled_from_nothing() -> None:
    assert search([], "refund", AXES[:1]) == []


def test_records_are_read_again_and_unreadable_ones_left_out() -> None:
    kept = record("the lamp is red")
    assert read_records([encode_record(kept), b"{", b"{}"]) == [kept]


class MemoryOfOne:
    """What one partition has of an owner; `away`: it cannot be reached."""

    def __init__(self, *records: MemoryRecord, away: bool = False) -> None:
        self._records = records
        self._away = away

    def records(self, owner: str) -> tuple[MemoryRecord, ...]:
        if self._away:
            raise QueueUnavailable("away")
        return self._records


def test_a_memory_is_that_of_all_partitions_but_those_that_are_away() -> None:
    early, late = (replace(record(text), at=at) for text, at in (("early", 1.0), ("late", 9.0)))
    parts = [MemoryOfOne(late), MemoryOfOne(away=True), MemoryOfOne(early)]
    assert PartitionedMemory(parts, 5).records("user anna") == [early, late]
    assert PartitionedMemory(parts, 1).records("user anna") == [late]
