"""Words: stems, rarity, answers and typos."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.knowledge.lexical import Lexicon, words

WORDINGS = (
    ("how do I return a lamp", "sending things back"),
    ("when is my parcel delivered", "delivery time"),
    ("do you deliver to Norway", "delivery abroad"),
)
ANSWERS = ("Use the label.", "In two days.", "We ship to Norway and Iceland.")
LEXICON = Lexicon(WORDINGS, ANSWERS)


def shares(text: str) -> list[float]:
    found: list[float] = LEXICON.score([text]).shares[0].tolist()
    return found


def best(text: str) -> int:
    return int(np.argmax(shares(text)))


def test_words_are_read_without_marks_and_in_lower_case() -> None:
    assert words("Don’t PANIC: it's 3.50 €, ok? 🙂") == ["don't", "panic", "it's", "3", "50", "ok"]


def test_inflected_words_are_the_same_word() -> None:
    assert best("returning lamps") == 0
    assert best("the deliveries are timed?") == 1


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    assert best("norway delivery") == 2
    assert shares("norway")[2] > shares("delivery")[2]


def test_an_answers_words_count_less_than_a_wordings() -> None:
    assert 0 < shares("iceland")[2] < shares("abroad")[2]


def test_a_word_that_is_one_letter_away_is_understood() -> None:
    for typo in ("retrun", "returm", "reeturn", "retrn"):
        assert shares(typo) == shares("return"), typo
    assert shares("labp") == [0.0, 0.0, 0.0]  # too short to guess at


def test_words_that_nobody_knows_lower_the_share_of_the_rest() -> None:
    assert shares("abroad quixotic")[2] < shares("abroad")[2]
    assert shares("quixotic zebras") == [0.0, 0.0, 0.0]


def test_a_base_without_a_word_has_nothing_to_say() -> None:
    assert Lexicon([()], [""]).score(["hello", ""]).shares.tolist() == [[0.0], [0.0]]
    assert LEXICON.score([]).shares.shape == (0, 3)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_shares_lie_between_nothing_and_all_and_ignore_batch_mates(texts: list[str]) -> None:
    together = LEXICON.score(texts)
    assert ((together.shares >= 0) & (together.shares <= 1)).all()
    for row, text in enumerate(texts):
        alone = LEXICON.score([text])
        assert (alone.shares[0] == together.shares[row]).all()
        assert alone.words[0] == together.words[row] == len(words(text))
