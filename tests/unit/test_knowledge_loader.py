"""Bases are read whole or refused with every fault, its file and its line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import KnowledgeError
from workers.knowledge.base import Entry, plain, without
from workers.knowledge.loader import DEMO, SMALLTALK, check, load
from workers.modelling.knowledge.csv_import import to_yaml

FULL = """\
- id: pay
  question: How can I pay?
  phrasings:
    - payment methods
    - how can i pay   # the question again: counts once
  answer: |
    By **card**.
  tones: {negative: Sorry. By card., positive: By card!}
  tags: [payment, money]
- id: human
  question: I want a person
  answer: Of course.
  handover: true
"""


def write(tmp_path: Path, text: str | bytes, name: str = "kb.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults(tmp_path: Path, text: str | bytes, name: str = "kb.yaml") -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in check(write(tmp_path, text, name))]


def test_every_field_is_read(tmp_path: Path) -> None:
    pay, human = load(write(tmp_path, FULL)).entries
    assert pay == Entry(
        "pay",
        "How can I pay?",
        "By **card**.",
        ("payment methods", "how can i pay"),
        {"negative": "Sorry. By card.", "positive": "By card!"},
        ("payment", "money"),
    )
    assert pay.all_phrasings == ("How can I pay?", "payment methods")
    assert human.handover


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    rows = [
        {"id": "pay", "question": "How can I pay?", "answer": "By card.", "handover": False},
        {"id": "time", "question": "When?", "phrasings": ["how long"], "answer": "Soon."},
    ]
    text = "\n\n".join(json.dumps(row) for row in rows)
    first, second = load(write(tmp_path, text, "kb.jsonl")).entries
    assert (first.id, first.handover, second.phrasings) == ("pay", False, ("how long",))


def test_a_folder_is_one_base_in_the_order_of_its_files(tmp_path: Path) -> None:
    write(tmp_path, "- {id: two, question: b, answer: B}", "b.yml")
    write(tmp_path, '{"id": "one", "question": "a", "answer": "A"}', "a.jsonl")
    write(tmp_path, "not a base", "notes.txt")
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", "- {id: three, question: c, answer: C}", "c.yaml")
    assert [entry.id for entry in load(tmp_path).entries] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- id: a\n  question: q\n", 1, "no answer"),
        ("- id: a\n  question: q\n  answer: ''\n", 3, "answer is empty"),
        ("- id: a\n  question: '   '\n  answer: x\n", 2, "question is empty"),
        ("- id: a\n  question: q\n  answer: x\n  anser: y\n", 4, "unknown key 'anser'"),
        ("- id: a\n  id: b\n  question: q\n  answer: x\n", 2, "id is given twice"),
        ('- id: "a\\tb"\n  question: q\n  answer: x\n', 1, "must be 1 to 255"),
        ("- id: a\n  question: q\n  answer: 42\n", 3, "must be text, this is a number"),
        ("- id: a\n  question: no\n  answer: x\n", 2, "put it in quotes"),
        ("- id: a\n  question: q\n  answer: x\n  phrasings: one\n", 4, "must be a list"),
        ("- id: a\n  question: q\n  answer: x\n  phrasings:\n  - b\n  - [c]\n", 6, "must be text"),
        ("- id: a\n  question: q\n  answer: x\n  handover: 'yes'\n", 4, "true or false"),
        ("- id: a\n  question: q\n  answer: x\n  tones: {sad: y}\n", 4, "unknown key 'sad'"),
        ("- id: a\n  question: q\n  answer: x\n  tones: sad\n", 4, "must be a mapping"),
        ("- just a text\n", 1, "must be a mapping"),
        ("id: a\n", 1, "a list of entries is needed"),
        ("- id: a\n  answer: [\n", 3, "not YAML"),
        ("- id: a\n\tquestion: q\n", 2, "not YAML"),
        ("- id: \x07\n", 1, "not YAML"),
        ("--- [1]\n--- [2]\n", 2, "not YAML"),
        ("- " * 100_000 + "x", 1, "nested too deeply"),
        ("[" * 100_000, 1, "nested too deeply"),
        ("- &self [*self]\n", 1, "must be a mapping"),
        ("", 0, "no entries"),
        ("# nothing\n", 0, "no entries"),
        (b"- id: a\n  question: caf\xe9\n  answer: x\n", 2, "0xe9 is not UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, words: str
) -> None:
    found = faults(tmp_path, text)
    assert (line, True) in [(at, words in message) for at, message in found], found


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"id": "a", "question": "q", "answer": "x"}\n{"id": }\n', 2, "not JSON"),
        ('{"id": "a", "id": "b", "question": "q", "answer": "x"}', 1, "given twice"),
        ('[{"id": "a"}]', 1, "must be a mapping"),
        ('{"id": "a", "question": null, "answer": "x"}', 1, "this is empty"),
        ("[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_a_fault_in_json_lines_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    found = faults(tmp_path, text, "kb.jsonl")
    assert (line, True) in [(at, words in message) for at, message in found], found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = (
        '- id: a\n  question: q\n- id: "a\\tb"\n  question: 3\n  answer: x\n- id: c\n  wrong: 1\n'
    )
    path = write(tmp_path, text)
    with pytest.raises(KnowledgeError) as refusal:
        load(path)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 6
    assert all(line.startswith(f"{path}:") for line in lines)


def test_an_id_and_a_phrasing_belong_to_one_entry_across_files(tmp_path: Path) -> None:
    write(tmp_path, "- {id: one, question: How can I pay?, answer: A}", "a.yaml")
    second = "- id: one\n  question: Other\n  phrasings:\n    - how can I  PAY\n  answer: B\n"
    write(tmp_path, second, "b.yaml")
    found = check(tmp_path)
    assert [(fault.file.name, fault.line) for fault in found] == [("b.yaml", 1), ("b.yaml", 4)]
    assert "a.yaml:1" in found[0].message
    assert "a.yaml:1" in found[1].message


def test_a_path_that_holds_no_base_is_told(tmp_path: Path) -> None:
    assert "file or folder" in check(tmp_path / "absent")[0].message
    assert "holds no" in check(tmp_path)[0].message
    assert "is no" in check(write(tmp_path, "x", "kb.txt"))[0].message


@given(st.binary(max_size=200))
def test_any_bytes_give_a_base_or_faults(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("kb.yaml", "kb.jsonl"):
        path = write(folder, raw, name)
        assert check(path) or load(path).entries


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: bool(plain(text)) and len(text) < 1_000
)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.booleans())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    question: str,
    answer: str,
    phrasings: list[str],
    handover: bool,
) -> None:
    entry = Entry(
        "a",
        question.strip(),
        answer.strip(),
        tuple(text.strip() for text in phrasings),
        handover=handover,
    )
    path = write(tmp_path_factory.mktemp("round"), to_yaml([entry]))
    assert load(path).entries == (entry,)


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
