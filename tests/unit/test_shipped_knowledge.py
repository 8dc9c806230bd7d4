"""The bases that ship."""

import re

from workers.knowledge.base import without
from workers.knowledge.loader import DEMO, SMALLTALK, load


def test_phrasings_that_another_base_claims_go_and_so_does_an_entry_without_any() -> None:
    base = load(SMALLTALK)
    hello, *rest = base.entries
    assert without(base, [hello.id], ()).entries == tuple(rest)
    left = without(base, (), [hello.question.upper()]).entries[0]
    assert left.question == hello.phrasings[0]
    assert without(base, (), hello.all_phrasings).entries == tuple(rest)


def test_the_base_that_ships_is_sound_and_large() -> None:
    entries = load(DEMO).entries
    assert len(entries) >= 100
    assert min(len(entry.all_phrasings) for entry in entries) >= 5
    assert any(entry.handover for entry in entries)
    assert not {entry.id for entry in entries} & {entry.id for entry in load(SMALLTALK).entries}


def test_no_answer_of_the_demo_says_yes_to_the_opposite() -> None:
    """Whoever asks "must I register?" and "can I order without?" reads the same answer."""
    contrary = re.compile(
        r"\b(?:must i|do i (?:\w+ )?(?:need|have) (?:to|a|the)|is that a problem|scam)\b"
    )
    affirmed = [entry for entry in load(DEMO).entries if entry.answer.startswith("Yes")]
    said = [text for entry in affirmed for text in entry.all_phrasings]
    odd = [text for text in said if contrary.search(text.lower()) and "what" not in text]
    assert affirmed
    assert odd == []
