"""The kept questions are what they claim to be: foreign to the base in phrasing, spread over it."""

import pytest
import yaml

from tests.data import answerable, content_stems, overlap, unanswerable
from workers.knowledge.loader import DEMO, load
from workers.knowledge.responder import OUT_OF_SCOPE

MAX_OVERLAP = 1 / 3
ENTRIES = {entry.id: entry for entry in load(DEMO).entries}


@pytest.mark.parametrize(("question", "expected"), answerable())
def test_a_question_shares_at_most_a_third_of_its_words_with_any_phrasing(
    question: str, expected: str
) -> None:
    shares = {text: overlap(question, text) for text in ENTRIES[expected].all_phrasings}
    worst = max(shares, key=lambda text: shares[text])
    assert shares[worst] <= MAX_OVERLAP + 1e-9, worst


def test_overlap_sees_inflected_words_and_ignores_function_words() -> None:
    assert content_stems("Where do I return the lamps?") == {"return", "lamp"}
    assert overlap("returning a lamp", "how do I return it") == 0.5


def test_the_sets_are_as_large_and_as_spread_as_claimed() -> None:
    asked = [entry for _, entry in answerable()]
    assert len(asked) == len(set(asked)) == 60
    assert len({ENTRIES[entry].tags[0] for entry in asked}) >= 15
    assert len(unanswerable()) == 30
    assert sum(plausible for _, plausible in unanswerable()) >= 15


def test_the_out_of_scope_questions_of_the_fit_are_many_and_no_copies_of_kept_questions() -> None:
    out_of_scope = yaml.safe_load(OUT_OF_SCOPE.read_text("utf-8"))
    assert len(set(out_of_scope)) == len(out_of_scope) >= 150
    kept = [question for question, _ in unanswerable()]
    shares = [
        (overlap(question, each), question, each) for question in kept for each in out_of_scope
    ]
    assert max(shares)[0] <= 1 / 2, max(shares)


def test_no_phrasing_of_the_base_repeats_an_unanswerable_question() -> None:
    phrasings = [text for entry in ENTRIES.values() for text in entry.all_phrasings]
    for question, _ in unanswerable():
        assert max(overlap(question, text) for text in phrasings) < 1, question
