"""Windows cover a long message, fit the encoder and overlap."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.text import MAX_CHARACTERS
from workers.reading.windows import MAX_WINDOWS, asking_sentences, cut_windows

ROOM = 20
STORY = "I ordered a lamp last week and the courier left it in the rain. "
QUESTION = "Now how do I get a refund?"


def word_starts(text: str) -> Sequence[int]:
    """Count each word and each mark as a token."""
    return [found.start() for found in re.finditer(r"\w+|[^\w\s]", text)]


def test_a_short_text_is_one_window() -> None:
    (window,) = cut_windows(QUESTION, word_starts, ROOM)
    assert (window.text, window.asks) == (QUESTION, True)


@pytest.mark.parametrize("before", range(8))
def test_a_question_is_whole_in_a_window_wherever_it_stands(before: int) -> None:
    text = STORY * before + QUESTION + " " + STORY * (7 - before)
    windows = cut_windows(text, word_starts, ROOM)
    assert any(QUESTION in window.text and window.asks for window in windows)


def test_windows_are_sentences_and_overlap() -> None:
    text = " ".join(f"Sentence number {index} is here." for index in range(12))
    windows = cut_windows(text, word_starts, 25)
    assert all(window.text.endswith(".") for window in windows)
    for one, next_one in pairwise(windows):
        assert one.span.start < next_one.span.start < one.span.end


def test_a_sentence_without_end_is_cut_between_words() -> None:
    text = "how do I cancel and then " * 20
    windows = cut_windows(text.strip(), word_starts, ROOM)
    assert len(windows) > 1
    assert {word for window in windows for word in window.text.split()} == set(text.split())


def test_of_too_long_a_text_what_asks_is_kept() -> None:
    text = STORY * 14 + QUESTION + " " + STORY * 14
    windows = cut_windows(text, word_starts, ROOM)
    assert len(windows) == MAX_WINDOWS
    assert any(window.asks for window in windows)
    assert windows[-1].span.end == len(text)


def test_the_sentences_that_ask_are_found() -> None:
    text = STORY + QUESTION + " Thanks."
    assert [span.of(text) for span in asking_sentences(text)] == [QUESTION]


@given(
    st.text(max_size=400) | st.lists(st.sampled_from([STORY, QUESTION, "a", "\n", "x" * 40])).map(
        " ".join
    ),
    st.integers(2, 40),
)  # fmt: skip
def test_windows_fit_and_cover_any_text(text: str, room: int) -> None:
    windows = cut_windows(text, word_starts, room)
    starts = word_starts(text)
    assert 1 <= len(windows) <= MAX_WINDOWS
    for window in windows:
        inside = [start for start in starts if window.span.start <= start < window.span.end]
        assert len(inside) <= room
        assert window.text in text
    if len(windows) < MAX_WINDOWS:
        covered = {
            index for window in windows for index in range(window.span.start, window.span.end)
        }
        assert covered == set(range(len(text)))


@pytest.mark.parametrize("unit", ["word ", "A sentence here. ", "? ", "x"])
def test_a_flood_costs_little(unit: str) -> None:
    size = MAX_CHARACTERS // len(unit) // 4
    assert growth(lambda times: cut_windows(unit * times, word_starts, ROOM), size) < LINEAR
