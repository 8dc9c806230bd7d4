"""The dialogues and the recall cases have the form that their readers promise."""

from collections import Counter
from typing import get_args

from tests.data import overlap
from tests.data.dialogues import Choice, Dialogue, Kind, Turn, dialogues
from tests.data.memory import development_cases, memory_set, natural_cases
from workers.knowledge.loader import DEMO, load

ENTRIES = {entry.id: entry for entry in load(DEMO).entries}
NEED_NO_ENTRY = {"fallback", "recall", "smalltalk"}
MAX_REPEATED = 0.8


def turns_after_the_first() -> list[Turn]:
    return [turn for dialogue in dialogues() for turn in dialogue.turns[1:]]


def all_turns() -> list[Turn]:
    return [turn for dialogue in dialogues() for turn in dialogue.turns]


def offered_before(dialogue: Dialogue) -> list[tuple[Turn, Turn]]:
    pairs = zip(dialogue.turns, dialogue.turns[1:], strict=False)
    return [(before, turn) for before, turn in pairs if turn.choice]


def test_the_dialogues_are_as_many_and_as_long_as_planned() -> None:
    assert len(dialogues("development")) == 24
    assert len(dialogues("kept")) == 36
    assert len({dialogue.name for dialogue in dialogues()}) == len(dialogues()) == 60
    assert {len(dialogue.turns) for dialogue in dialogues()} == {2, 3, 4, 5}


def test_every_turn_says_what_serves_it() -> None:
    for turn in all_turns():
        assert set(turn.entries) <= ENTRIES.keys(), turn
        assert turn.entries or turn.choice or turn.kind in NEED_NO_ENTRY, turn
        assert turn.kind in (None, *get_args(Kind)), turn


def test_only_later_turns_need_context_and_many_of_them_do_not() -> None:
    assert not any(dialogue.turns[0].context for dialogue in dialogues())
    alone = [turn for turn in turns_after_the_first() if not turn.context]
    assert 0.35 <= len(alone) / len(turns_after_the_first()) <= 0.45


def test_a_choice_follows_a_clarification_that_leaves_it_open() -> None:
    pairs = [pair for dialogue in dialogues() for pair in offered_before(dialogue)]
    assert {turn.choice for _, turn in pairs} == set(get_args(Choice))
    for before, turn in pairs:
        assert before.kind == "clarify", before
        assert len(before.entries) in (2, 3), before
        assert turn.context, turn
        assert not turn.entries, turn
        assert turn.choice != "third" or len(before.entries) == 3, before
        assert turn.choice != "other" or len(before.entries) == 2, before


def test_no_turn_stands_in_the_base_word_for_word() -> None:
    phrasings = {text.casefold() for entry in ENTRIES.values() for text in entry.all_phrasings}
    assert not [turn.user for turn in all_turns() if turn.user.casefold() in phrasings]


def test_the_recall_cases_are_as_many_as_planned_and_all_texts_differ() -> None:
    memory = memory_set()
    assert len(memory.asked("development")) == 40
    assert len(memory.asked("kept")) == 60
    assert (len(memory.turns), len(memory.noise), len(memory.not_recall)) == (600, 500, 40)
    texts = (*memory.turns, *(case.ask for case in memory.cases), *memory.not_recall)
    times = Counter(text.casefold() for text in texts)
    assert not [text for text, count in times.items() if count > 1]


def test_the_other_recall_cases_are_as_many_as_planned_and_all_texts_differ() -> None:
    natural, development = natural_cases(), development_cases()
    assert Counter(case.split for case in natural) == {"development": 40, "kept": 60}
    assert (len(development.cases), len(development.not_recall)) == (84, 30)
    for cases in (natural, development.cases):
        texts = [text for case in cases for text in (case.said, case.ask)]
        times = Counter(text.casefold() for text in (*texts, *memory_set().noise))
        assert max(times.values()) == 1


def test_a_request_to_recall_is_no_copy_of_what_was_said() -> None:
    for case in memory_set().cases:
        assert overlap(case.ask, case.said) < MAX_REPEATED, case.ask
