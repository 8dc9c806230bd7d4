"""What may not be meant as it was written is told with its line."""

from pathlib import Path

import pytest

from tests.support.knowledge_files import ENTRY, warnings
from workers.knowledge.loader import load


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
