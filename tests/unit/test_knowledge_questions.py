"""The kept questions are what they claim to be: foreign to the base in wording, spread over it."""

import pytest

from tests.data import answerable, content_stems, overlap, unanswerable
from workers.knowledge.loader import DEMO, load

MOST_OVERLAP = 1 / 3
ENTRIES = {entry.id: entry for entry in load(DEMO).entries}


@pytest.mark.parametrize(("question", "expected"), answerable())
def test_a_question_shares_at_most_a_third_of_its_words_with_any_wording(
    question: str, expected: str
) -> None:
    shares = {text: overlap(question, text) for text in ENTRIES[expected].wordings}
    worst = max(shares, key=lambda text: shares[text])
    assert shares[worst] <= MOST_OVERLAP + 1e-9, worst


def test_overlap_sees_inflected_words_and_ignores_function_words() -> None:
    assert content_stems("Where do I return the lamps?") == {"return", "lamp"}
    assert overlap("returning a lamp", "how do I return it") == 0.5


def test_the_sets_are_as_large_and_as_spread_as_claimed() -> None:
    asked = [entry for _, entry in answerable()]
    assert len(asked) == len(set(asked)) == 60
    assert len({ENTRIES[entry].tags[0] for entry in asked}) >= 15
    assert len(unanswerable()) == 30
    assert sum(plausible for _, plausible in unanswerable()) >= 15
