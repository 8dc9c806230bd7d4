"""The second kept set is foreign to the base in wording, and apart from what tuning reads."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import workers.modelling.knowledge
from tests.data import kept_answerable, kept_unanswerable, overlap
from workers.knowledge.loader import DEMO, load

MAX_OVERLAP = 1 / 3
ENTRIES = {entry.id: entry for entry in load(DEMO).entries}
PHRASINGS = [text for entry in ENTRIES.values() for text in entry.all_phrasings]
DEVELOPMENT = Path(workers.modelling.knowledge.__path__[0]) / "development_questions.yaml"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip("?.! ")


def _development(part: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load(DEVELOPMENT.read_text("utf-8"))[part]
    return rows


def _kept() -> list[str]:
    return [question for question, _ in [*kept_answerable(), *kept_unanswerable()]]


# Numbered, so that no question's text shows in the list of tests.
@pytest.mark.parametrize("number", range(60))
def test_a_kept_question_shares_at_most_a_third_of_its_words_with_any_wording(number: int) -> None:
    question, expected = kept_answerable()[number]
    shares = [overlap(question, text) for text in ENTRIES[expected].all_phrasings]
    assert max(shares) <= MAX_OVERLAP + 1e-9


def test_no_kept_question_is_a_wording_of_the_base() -> None:
    wordings = {_plain(text) for text in PHRASINGS}
    assert not wordings & {_plain(question) for question in _kept()}


def test_the_kept_sets_are_as_large_and_as_spread_as_claimed() -> None:
    asked = [entry for _, entry in kept_answerable()]
    assert len(asked) == 60
    assert set(asked) <= set(ENTRIES)
    assert len(set(asked)) >= 55
    assert Counter(plausible for _, plausible in kept_unanswerable()) == {True: 24, False: 16}


def test_the_questions_of_development_name_entries_and_copy_no_kept_question() -> None:
    answerable, unanswerable = _development("answerable"), _development("unanswerable")
    assert {row["entry"] for row in answerable} <= set(ENTRIES)
    assert (len(answerable), len(unanswerable)) == (120, 60)
    assert sum(row["plausible"] for row in unanswerable) == 36
    asked = [row["question"] for row in [*answerable, *unanswerable]]
    assert max(overlap(kept, each) for kept in _kept() for each in asked) <= 1 / 2


def test_development_and_kept_questions_together_ask_about_every_entry() -> None:
    developed = [row["entry"] for row in _development("answerable")]
    kept = [entry for _, entry in kept_answerable()]
    assert sorted([*developed, *kept]) == sorted(ENTRIES)
