"""Labelled files of every form are read, and what is wrong with one is named with its place."""

import json
from pathlib import Path

import pytest

from shared.errors import EvaluationError, KnowledgeError
from workers.evaluation.bases import base_of, file_of, read_base
from workers.evaluation.forms import read_set
from workers.evaluation.labelled import LabelledSet, Question, Turn
from workers.knowledge.loader import load

TESTS = Path(__file__).parent.parent


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(tmp_path: Path, *rows: object) -> LabelledSet:
    return read_set([lines(tmp_path / "set.jsonl", *rows)])


@pytest.mark.parametrize(
    ("row", "gold"),
    [
        ({"text": "a", "gold": "pay"}, {"pay"}),
        ({"text": "a", "gold": ["pay", "card"]}, {"pay", "card"}),
        ({"text": "a", "gold": None}, set()),
        ({"text": "a", "label": "pay"}, {"pay"}),
        ({"text": "a", "label": "oos"}, set()),
        ({"text": "a", "label": None}, set()),
        ({"question": "a", "entry": "pay"}, {"pay"}),
        ({"question": "a", "plausible": True}, set()),
    ],
)
def test_questions(tmp_path: Path, row: object, gold: set[str]) -> None:
    (question,) = read(tmp_path, row).questions
    assert question.text == "a"
    assert set(question.gold) == gold


def test_labels_that_are_all_tones_make_a_set_of_tones(tmp_path: Path) -> None:
    tone = {"text": "great", "label": "positive"}
    assert [each.label for each in read(tmp_path, tone).tones] == ["positive"]
    mixed = read(tmp_path, tone, {"text": "b", "label": "refund"})
    assert not mixed.tones
    assert len(mixed.questions) == 2


def test_pairs(tmp_path: Path) -> None:
    pairs = read(tmp_path, {"a": "x", "b": "y", "same": 1}, {"a": "x", "b": "z", "same": False})
    assert [pair.same for pair in pairs.pairs] == [True, False]


def test_dialogues_of_three_forms(tmp_path: Path) -> None:
    own = {"turns": [{"user": "how?", "entry": "pay"}, {"user": "and then?", "context": True}]}
    told = {
        "turns": [
            {"speaker": "USER", "utterance": "hi"},
            {"speaker": "SYSTEM"} | {"utterance": "ho"},
        ]
    }
    short = {"history": [["U", "hi"], ["S", "ho"], ["U", "more"]], "target": True}
    first, second, third = read(tmp_path, own, told, short).dialogues
    assert first.turns[0] == Turn("how?", frozenset({"pay"}))
    assert [turn.scored for turn in first.turns] == [True, False]
    assert [turn.text for turn in second.turns] == ["hi"]
    assert [turn.text for turn in third.turns] == ["hi", "more"]


def test_the_dialogues_of_the_tests_are_read_by_split() -> None:
    file = TESTS / "data" / "dialogues.yaml"
    development, kept = (read_set([file], split).dialogues for split in ("development", "kept"))
    assert len(development) >= 20
    assert len(kept) >= 20
    assert all(dialogue.turns for dialogue in development)


def test_files_are_added_up(tmp_path: Path) -> None:
    questions = lines(tmp_path / "q.jsonl", {"text": "a", "gold": "pay"})
    pairs = lines(tmp_path / "p.jsonl", {"a": "x", "b": "y", "same": 1})
    whole = read_set([questions, pairs, questions])
    assert (len(whole.questions), len(whole.pairs)) == (2, 1)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"text": "", "gold": "x"}, "text must be text that says something"),
        ({"txt": "a", "gold": "x"}, "no text or question"),
        ({"text": "a"}, "gold, entry or label is needed, not text"),
        ({"text": "a", "gold": 3}, "gold must be an id, a list of ids, or null; this is 3"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line(tmp_path: Path, row: object, fault: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        read(tmp_path, {"text": "good", "gold": "x"}, row)
    assert str(raised.value).startswith(f"{tmp_path / 'set.jsonl'}:2: ")
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("turn", "fault"),
    [
        ({"user": "a", "kind": "reply"}, "kind must be one of"),
        ({"user": "a", "choice": "tenth"}, "choice must be one of first"),
        ({"user": "a", "context": "maybe"}, "context must be true or false"),
        ("a", "a turn needs user"),
    ],
)
def test_a_bad_turn_is_named(tmp_path: Path, turn: object, fault: str) -> None:
    with pytest.raises(EvaluationError, match=fault):
        read(tmp_path, {"turns": [turn]})


def test_what_is_no_set_at_all_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a", "gold": "x"}\n{"text"\n')
    with pytest.raises(EvaluationError, match=r"broken\.jsonl:2: not JSON"):
        read_set([broken])
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_set([tmp_path / "absent.jsonl"])
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(EvaluationError, match="has no rows"):
        read_set([empty])
    with pytest.raises(EvaluationError, match="no row whose split is kept"):
        read_set([lines(tmp_path / "s.jsonl", {"text": "a", "gold": "x"})], "kept")


def test_labelled_messages_become_a_base_that_loads(tmp_path: Path) -> None:
    rows = [
        {"text": "where is my card", "label": "card_arrival"},
        {"text": "card not here", "label": "card_arrival"},
        {"text": "Where is my card?", "label": "lost & found"},
        {"text": "i lost it", "label": "lost & found"},
        {"text": "sing a song", "label": "oos"},
    ]
    base = read_base(lines(tmp_path / "train.jsonl", *rows))
    loaded = load(file_of(base, tmp_path / "bases")).entries
    assert loaded == base.entries
    assert [entry.id for entry in loaded] == ["card_arrival", "lost-found"]
    assert loaded[0].all_phrasings == ("where is my card", "card not here")
    assert loaded[0].answer == "Card arrival"
    assert base.doubled == 1
    (placed,) = base.placed([Question("mine?", frozenset({"lost & found"}))])
    assert placed.gold == {"lost-found"}


def test_labels_that_would_share_an_id_stay_apart() -> None:
    base = base_of([Question("x", frozenset({"a b"})), Question("y", frozenset({"a&b"}))])
    assert len({entry.id for entry in base.entries}) == 2


def test_rows_of_answers_become_a_base(tmp_path: Path) -> None:
    row = {"id": "sf1", "question": "How?", "answer": "So.", "more_answers": ["Or so."]}
    base = read_base(lines(tmp_path / "kb.jsonl", row))
    assert [(entry.id, entry.answer) for entry in base.entries] == [("sf1", "So.")]
    assert load(file_of(base, tmp_path / "bases")).entries == base.entries


def test_a_base_in_parleys_form_is_taken_as_it_is(tmp_path: Path) -> None:
    own = lines(tmp_path / "kb.jsonl", {"id": "pay", "question": "How?", "answer": "So."})
    assert file_of(read_base(own), tmp_path / "bases") == own
    bad = lines(tmp_path / "bad.jsonl", {"id": "pay", "question": "How?"})
    with pytest.raises(KnowledgeError, match=r"bad\.jsonl:1: the entry has no answer"):
        read_base(bad)


def test_an_unknown_id_is_named_with_its_place(tmp_path: Path) -> None:
    base = base_of([Question("x", frozenset({"pay"}))])
    questions = read(
        tmp_path, {"text": "a", "gold": "pay"}, {"text": "b", "gold": "gone"}
    ).questions
    with pytest.raises(EvaluationError, match=r"set\.jsonl:2: the base has no entry gone"):
        base.placed(questions)
