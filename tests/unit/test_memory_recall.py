"""What is remembered is found again by meaning and by words; what was asked counts less."""

import numpy as np
from numpy.typing import NDArray

from workers.dialogue.state import pack_vector
from workers.memory.memory import MemoryRecord, encode_record, read_records
from workers.memory.recall import search

AXES = np.eye(4, dtype=np.float32)


def record(text: str, vector: NDArray[np.float32] = AXES[0]) -> MemoryRecord:
    return MemoryRecord("c", text, text, 1.0, "test", pack_vector(vector))


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


def test_the_later_of_two_equal_ones_comes_first() -> None:
    first, second = record("my size is 9"), record("my size is 9")
    assert search([first, second], "size", AXES[:1])[0].record is second


def test_nothing_is_recalled_from_nothing() -> None:
    assert search([], "refund", AXES[:1]) == []


def test_records_are_read_again_and_unreadable_ones_left_out() -> None:
    kept = record("the lamp is red")
    assert read_records([encode_record(kept), b"{", b"{}"]) == [kept]
