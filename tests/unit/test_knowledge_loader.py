"""Bases are read whole or refused with every fault, its file and its line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import KnowledgeError
from tests.support.knowledge_files import ENTRY, FULL, faults, warnings, write
from workers.knowledge.base import Entry, plain
from workers.knowledge.loader import load, read
from workers.modelling.knowledge.csv_import import to_yaml

LAUGHS = "- &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &{name} [{', '.join(f'*{before}' for _ in range(9))}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


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
        (f"- id: {'ä' * 128}\n  question: q\n  answer: x\n", 1, "must be 1 to 255"),
        ("- id: a\n  question: q\n  answer: ~\n", 3, "must be text, this is empty"),
        ("- id: a\n  question: q\n  answer: #1 is best\n", 3, "must be text, this is empty"),
        ("- id: a\n  question: !!binary aGk=\n  answer: x\n", 2, "of type"),
        ("- !!python/object/apply:os.system [ls]\n", 1, "of type"),
        ('- id: a\n  question: q\n  answer: "\\0"\n', 3, "NUL"),
        ("- id: a\n  question: q\n  answer: x\n  phrasings: one\n", 4, "must be a list"),
        ("- id: a\n  question: q\n  answer: x\n  phrasings:\n  - b\n  - [c]\n", 6, "must be text"),
        ("- id: a\n  question: q\n  answer: x\n  handover: 'yes'\n", 4, "true or false"),
        ("- id: a\n  question: q\n  answer: x\n  tones: {sad: y}\n", 4, "unknown key 'sad'"),
        ("- id: a\n  question: q\n  answer: x\n  tones: sad\n", 4, "must be a mapping"),
        ("- just a text\n", 1, "must be a mapping"),
        ("id: a\n", 1, "a list of entries is needed"),
        ("version: 1\nentries:\n- id: a\n", 1, "a list of entries is needed"),
        ("- <<: [text]\n", 1, "<< takes a mapping"),
        ("- id: a\n  answer: [\n", 3, "not YAML"),
        ("- id: a\n\tquestion: q\n", 2, "not YAML"),
        ("- id: \x07\n", 1, "not YAML"),
        ('- id: a\n  question: "How?\n  answer: b\n', 2, "never closed"),
        ("- id: a\n  question: 'What's it?'\n", 2, "an apostrophe is doubled"),
        ("- id: a\n\xa0 question: q\n", 2, "a no-break space"),
        ("- id: a\n  answer: |\n  text\n", 4, "indented further than its key"),
        ("--- [1]\n--- [2]\n", 2, "not YAML"),
        ("- " * 100_000 + "x", 1, "nested too deeply"),
        ("[" * 100_000, 1, "nested too deeply"),
        ("- &self [*self]\n", 1, "refers to the list or mapping that it stands in"),
        ("- &a {id: *a}\n", 1, "refers to the list or mapping that it stands in"),
        (LAUGHS, 1, "far larger than it is written"),
        ("", 0, "no entries"),
        ("# nothing\n", 0, "no entries"),
        (b"- id: a\n  question: caf\xe9\n  answer: x\n", 2, "0xe9 is not UTF-8"),
        (b"- id: a\r  question: caf\xe9\r  answer: x\r", 2, "0xe9 is not UTF-8"),
        (b"- id: a\n  question: q\0\n", 2, "NUL"),
        ("- id: a\n".encode("utf-16-le"), 1, "UTF-16 without a byte order mark"),
        ("- id: a\n  q: x\n".encode("utf-16")[:-1], 2, "not UTF-16"),
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
        ('[{"id": "a"}]', 1, "no question"),
        ('[\n{"id": "a"},\n"b"]', 3, "must be a mapping"),
        ('[\n{"id": "a"}\n{"id": "b"}]', 3, "a comma or the end"),
        ('[\n{"id": "a"},\n', 3, "not JSON"),
        ("[]\nmore", 2, "after the list's end"),
        ('{"id": "a", "question": "q", "answer": "x \\ud83d"}', 1, "half of a character"),
        ('\n{"id": "a", "question": "q", "answer": "x", "tags": ["\\udc00"]}', 2, "half of a"),
        ('{"id": "a", "question": "q", "answer": "\\u0000"}', 1, "NUL"),
        ('{"id": "a", "question": "q", "answer": "x",}', 1, "not JSON"),
        ('{"id": "a", "question": null, "answer": "x"}', 1, "this is empty"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"id": ' + "[" * 700 + "]" * 700 + "}", 1, "nested too deeply"),
    ],
)
def test_a_fault_in_json_lines_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    found = faults(tmp_path, text, "kb.jsonl")
    assert (line, True) in [(at, words in message) for at, message in found], found


@pytest.mark.parametrize(
    "name", ["reverted_card_payment?", "a b", "4711", "0123", "übersicht", "x" * 255, "#1|a=b"]
)
def test_an_id_may_be_any_printable_text(tmp_path: Path, name: str) -> None:
    quoted = name if name.isdecimal() else f'"{name}"'
    assert warnings(tmp_path, ENTRY.format(id=quoted, answer="x")) == []
    assert load(tmp_path / "kb.yaml").entries[0].id == name
    row = json.dumps({"id": int(name) if name == "4711" else name, "question": "q", "answer": "x"})
    assert load(write(tmp_path, row, "kb.jsonl")).entries[0].id == name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_of_all_editors_are_read(
    tmp_path: Path, encoding: str, end: str
) -> None:
    text = "- id: a\n  question: Où?\n  answer: |\n    **Là** 😀\n    b\n".replace("\n", end)
    (entry,) = load(write(tmp_path, text.encode(encoding))).entries
    assert (entry.question, entry.answer) == ("Où?", "**Là** 😀\nb")
    assert load(write(tmp_path, b"\xfe\xff" + text.encode("utf-16-be"))).entries == (entry,)


def test_aliases_and_merged_mappings_are_read(tmp_path: Path) -> None:
    text = (
        "- &one {id: a, question: A?, answer: &text So., tags: &tags [x, y]}\n"
        "- {<<: *one, id: b, question: B?}\n"
        "- {id: c, question: C?, answer: *text, <<: [{tags: *tags}, {handover: true}]}\n"
    )
    one, two, three = load(write(tmp_path, text)).entries
    assert (two.id, two.answer, two.tags) == ("b", one.answer, one.tags)
    assert (three.answer, three.tags, three.handover) == ("So.", ("x", "y"), True)


def test_a_list_may_stand_under_a_key(tmp_path: Path) -> None:
    assert len(load(write(tmp_path, f"entries:\n{FULL}")).entries) == 2


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": "a", "question": "q", "answer": "x"},\n {"id": "b", "question": "r", '
        '"answer": "y"}]',
        '\ufeff[\n{\n"id": "a",\n"question": "q",\n"answer": "x"\n},\n{"id": "b", '
        '"question": "r", "answer": "y"},\n]\n',
        '\ufeff{"id": "a", "question": "q", "answer": "x"},\r\n\r\n{"id": "b", "question": "r", '
        '"answer": "y"}',
    ],
)
def test_a_json_list_in_place_of_lines_is_read(tmp_path: Path, text: str) -> None:
    assert [each.id for each in load(write(tmp_path, text, "kb.jsonl")).entries] == ["a", "b"]


def test_numbers_in_json_lines_stay_as_they_are_written(tmp_path: Path) -> None:
    row = '{"id": 1, "question": true, "answer": 1.10, "phrasings": [1' + "0" * 900 + "]}"
    found = warnings(tmp_path, row, "kb.jsonl")
    (entry,) = load(tmp_path / "kb.jsonl").entries
    assert (entry.id, entry.question, entry.answer) == ("1", "true", "1.10")
    assert entry.phrasings == ("1" + "0" * 900,)
    assert len(found) == 3


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "- id: a\n  question: q\n- id: [a]\n  question: []\n  answer: x\n- id: c\n  wrong: 1\n"
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
    found = read(tmp_path).faults
    assert [(fault.file.name, fault.line) for fault in found] == [("b.yaml", 1), ("b.yaml", 4)]
    assert "a.yaml:1" in found[0].message
    assert "a.yaml:1" in found[1].message


def test_a_path_that_holds_no_base_is_told(tmp_path: Path) -> None:
    assert "file or folder" in read(tmp_path / "absent").faults[0].message
    assert "holds no" in read(tmp_path).faults[0].message
    assert "is no" in read(write(tmp_path, "x", "kb.txt")).faults[0].message


@given(st.binary(max_size=200))
def test_any_bytes_give_a_base_or_faults(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("kb.yaml", "kb.jsonl"):
        path = write(folder, raw, name)
        assert read(path).faults or load(path).entries


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
