"""A spreadsheet's table becomes entries, or is refused with every fault and its line."""

from pathlib import Path

import pytest

from shared.errors import KnowledgeError
from workers.knowledge.base import Entry
from workers.knowledge.loader import load
from workers.modelling.knowledge.csv_import import import_csv, to_yaml


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8-sig")
    return path


def test_all_columns_are_read(tmp_path: Path) -> None:
    text = (
        "ID,Question,phrasings,answer,tags,handover,tone_negative,tone_positive\n"
        'pay,How can I pay?,payment | pay how |,"By card,\nor cash.",money|pay,yes,Sorry.,Great!\n'
    )
    (entry,) = import_csv(table(tmp_path, text)).entries
    assert entry == Entry(
        "pay",
        "How can I pay?",
        "By card,\nor cash.",
        ("payment", "pay how"),
        {"negative": "Sorry.", "positive": "Great!"},
        ("money", "pay"),
        handover=True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nquestion;answer\nWhen, please?;Soon\n",
        '"sep=;"\r\nquestion;answer\r\nWhen, please?;Soon\r\n',
        "SEP=|\nquestion|answer\nWhen, please?|Soon\n",
        "\n;;\n Question ;ANSWER;;\nWhen, please?;Soon;;;\n;;;\n",
        'question\tanswer\t\t\r"When, please?"\tSoon\t\t\r',
    ],
)
def test_what_spreadsheets_write_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode()):
        path.write_bytes(raw)
        (entry,) = import_csv(path).entries
        assert (entry.question, entry.answer) == ("When, please?", "Soon")


def test_column_names_may_be_written_as_people_do(tmp_path: Path) -> None:
    text = "Question ,Answer,Tone: Negative,Tone-positive\nHow?,So,Sorry.,Great!\n"
    (entry,) = import_csv(table(tmp_path, text)).entries
    assert entry.tones == {"negative": "Sorry.", "positive": "Great!"}


def test_a_table_in_windows_1252_is_taken_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes('question,answer\nHow?,So\nWhere?,"Caf\xe9 \x80"\n'.encode("latin-1"))
    imported = import_csv(path)
    assert imported.entries[1].answer == "Café €"
    assert [(each.line, "Windows-1252" in each.message) for each in imported.warnings] == [
        (3, True)
    ]


def test_an_error_of_the_spreadsheet_is_a_warning(tmp_path: Path) -> None:
    text = 'sep=,\nquestion,answer\n"How\nso?","He said ""so"""\nWhy?,#NAME?\n'
    imported = import_csv(table(tmp_path, text))
    assert imported.entries[0].answer == 'He said "so"'
    assert [(each.line, "#NAME?" in each.message) for each in imported.warnings] == [(5, True)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["question", "answer"], ["When?", "Soon"]]
    (entry,) = import_csv(table(tmp_path, "\n".join(delimiter.join(row) for row in rows))).entries
    assert (entry.question, entry.answer) == ("When?", "Soon")


def test_missing_ids_are_made_and_never_taken_twice(tmp_path: Path) -> None:
    rows = (",How can I pay?,A", "how-can-i-pay,How to pay,B", ",How can I: pay?,C", ",???,D")
    text = "\n".join(["id,question,answer", *rows])
    entries = import_csv(table(tmp_path, text)).entries
    assert [entry.id for entry in entries] == [
        "how-can-i-pay-2",
        "how-can-i-pay",
        "how-can-i-pay-3",
        "entry",
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("question,answer\n\nHow?,\n", "table.csv:3", "no answer"),
        ("question,anser\nHow?,So\n", "table.csv:1", "unknown column 'anser'"),
        ("question,question\nHow?,So\n", "table.csv:1", "named twice"),
        ("question,answer\nHow?,So,more\n", "table.csv:2", "3 cells under 2 columns"),
        ('question,answer\nHow?,"So\n', "table.csv:2", "not CSV"),
        ("question,answer,handover\nHow?,So,perhaps\n", "table.csv:2", "true or false"),
        ('question,answer\n"a\nb",A\na b,B\n', "table.csv:4", "also a phrasing"),
        ("question,answer\n", "table.csv", "no entries"),
        ("", "table.csv", "no entries"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(KnowledgeError) as refusal:
        import_csv(table(tmp_path, text))
    assert place in str(refusal.value)
    assert words in str(refusal.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot be read"):
        import_csv(tmp_path / "absent.csv")


def test_an_imported_table_loads_as_a_base(tmp_path: Path) -> None:
    text = 'question,answer\nWhy no?,"- a\n- b: c"\nnull,\'x\n'
    entries = import_csv(table(tmp_path, text)).entries
    target = tmp_path / "kb.yaml"
    target.write_text(to_yaml(entries), "utf-8")
    assert load(target).entries == entries
