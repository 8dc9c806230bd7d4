"""Bases are read whole or refused with every fault, its file and its line."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import KnowledgeError
from workers.knowledge.base import Entry, plain, without
from workers.knowledge.loader import DEMO, SMALLTALK, load, read, read_all
from workers.modelling.knowledge.csv_import import to_yaml

LAUGHS = "- &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &{name} [{', '.join(f'*{before}' for _ in range(9))}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

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
    return [(fault.line, fault.message) for fault in read(write(tmp_path, text, name)).faults]


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


ENTRY = "- id: {id}\n  question: How?\n  answer: {answer}\n"


def warnings(tmp_path: Path, text: str, name: str = "kb.yaml") -> list[tuple[int, str]]:
    reading = read(write(tmp_path, text, name))
    assert not reading.faults
    return [(warning.line, warning.message) for warning in reading.warnings]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Call 0800 #1 now", "Call 0800"),
        ("Press # to go on", "Press"),
        ("Ruf 😀 an\t#1", "Ruf 😀 an"),
        ("a text over\n    two lines #2 here", "a text over two lines"),
        ("42 # is the answer", "42"),
        ("Our best is\n    #1 in the list", "Our best is"),
    ],
)
def test_an_answer_that_a_comment_cuts_is_a_warning(tmp_path: Path, answer: str, kept: str) -> None:
    text = ENTRY.format(id="a", answer=answer)
    assert any("a comment" in message for _, message in warnings(tmp_path, text))
    assert load(tmp_path / "kb.yaml").entries[0].answer == kept


@pytest.mark.parametrize(
    "answer",
    [
        '"Call #1"',
        "Call#1 now",
        "|\n    Call #1",
        "By card.  # checked by Ann",
        "'x' # y",
        "x\n  # y",
    ],
)
def test_what_is_meant_is_no_warning(tmp_path: Path, answer: str) -> None:
    assert warnings(tmp_path, ENTRY.format(id="a", answer=answer)) == []


def test_a_backslash_that_became_a_control_character_is_told(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, ENTRY.format(id="a", answer='"C:\\new\\folder"'))
    assert "U+000C" in warning[1]
    assert warnings(tmp_path, ENTRY.format(id="a", answer='"one\\n\\ttwo"')) == []


def test_an_answer_that_begins_like_an_anchor_is_a_warning(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, ENTRY.format(id="a", answer="&Co is our brand"))
    assert warning[0] == 3
    assert "&Co" in warning[1]


@pytest.mark.parametrize(
    ("written", "kind"),
    [("no", "truth value"), ("1.10", "number"), ("0x1F", "number"), ("2024-05-01", "date")],
)
def test_what_yaml_takes_for_no_text_is_taken_as_written_with_a_warning(
    tmp_path: Path, written: str, kind: str
) -> None:
    (warning,) = warnings(tmp_path, ENTRY.format(id="a", answer=written))
    assert warning[0] == 3
    assert kind in warning[1]
    assert load(tmp_path / "kb.yaml").entries[0].answer == written


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


def test_a_mount_of_a_config_map_is_read_once(tmp_path: Path) -> None:
    hidden = tmp_path / "..2024_05_01"
    hidden.mkdir()
    write(hidden, FULL, "faq.yaml")
    (tmp_path / "..data").symlink_to("..2024_05_01")
    (tmp_path / "faq.yaml").symlink_to("..data/faq.yaml")
    assert len(load(tmp_path).entries) == 2
    assert load(tmp_path / "..data").entries == load(tmp_path).entries


def test_what_is_hidden_or_an_editors_own_is_no_part_of_a_base(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    for name in (".git", ".idea"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, FULL)
    for name in (".#kb.yaml", "#kb.yaml#", "#kb.yaml", "kb.yaml~", ".kb.yaml.swp", "~$kb.yaml"):
        write(tmp_path, "not: [a, base", name)
    reading = read(tmp_path)
    assert (len(reading.base.entries), reading.faults, reading.warnings) == (2, (), ())


def test_links_are_followed_once_and_a_loop_ends(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "kb", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        each.mkdir()
    write(elsewhere, FULL)
    (folder / "a").symlink_to(elsewhere)
    (folder / "b").symlink_to(elsewhere)
    (folder / "copy.yaml").symlink_to(elsewhere / "kb.yaml")
    (elsewhere / "loop").symlink_to(folder)
    assert len(load(folder).entries) == 2
    (folder / "gone.yaml").symlink_to("nowhere.yaml")
    (folder / "self.yaml").symlink_to("self.yaml")
    assert [fault.file.name for fault in read(folder).faults] == ["gone.yaml", "self.yaml"]


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe.yaml").symlink_to("pipe")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    assert len(load(tmp_path).entries) == 2


def test_a_file_without_entries_beside_others_is_told(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    write(tmp_path, "# to do\n", "later.yaml")
    (warning,) = read(tmp_path).warnings
    assert (warning.file.name, warning.message) == ("later.yaml", "has no entries")


def test_a_table_beside_the_base_is_told(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    write(tmp_path, "id,question", "more.csv")
    (warning,) = read(tmp_path).warnings
    assert "kb import" in warning.message


def test_a_tenants_base_is_apart_from_the_shared_one(tmp_path: Path) -> None:
    acme = tmp_path / "tenants" / "acme"
    acme.mkdir(parents=True)
    (tmp_path / "tenants" / "Not_One").mkdir()
    write(tmp_path, FULL)
    write(acme, ENTRY.format(id="pay", answer="At Acme."))
    write(tmp_path / "tenants", FULL, "lost.yaml")
    readings = read_all(tmp_path)
    assert readings.shared
    assert len(readings.shared.base.entries) == 2
    assert [each.answer for each in readings.tenants["acme"].base.entries] == ["At Acme."]
    assert [fault.file.name for fault in readings.faults] == ["Not_One", "lost.yaml"]
    (tmp_path / "kb.yaml").unlink()
    assert read_all(tmp_path).shared is None


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
