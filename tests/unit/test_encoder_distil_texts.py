"""What a student reads, what judges it, and how its texts are made noisy."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared.errors import CommandMisused
from workers.modelling.encoder.distil_texts import (
    Split,
    noisy,
    read_texts,
    split_base,
    training_texts,
)
from workers.modelling.encoder.gate import LabelledRow

MANY = [f"Where is parcel number {number}?" for number in range(40)]


def test_lines_and_json_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "three", "label": "x"}) + "\n\n")
    assert read_texts([tmp_path / "a.txt", tmp_path / "b.jsonl"]) == ["one", "", "two", "three"]


@pytest.mark.parametrize("line", ['{"label": 1}', "no json", "[1]"])
def test_a_faulty_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "b.jsonl").write_text('{"text": "fine"}\n' + line)
    with pytest.raises(CommandMisused, match=r"b\.jsonl:2"):
        read_texts([tmp_path / "b.jsonl"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandMisused, match=r"none\.txt cannot be read"):
        read_texts([tmp_path / "none.txt"])


def test_a_fifth_is_set_aside_and_every_entry_keeps_its_first_wording() -> None:
    rows = [LabelledRow(f"{label} {n}", label) for label in "abc" for n in range(10)]
    rows.append(LabelledRow("alone", "d"))
    split = split_base(rows)
    assert len(split.asked) == 6
    assert set(split.asked) | set(split.searched) == set(rows)
    assert {row.label for row in split.searched} == set("abcd")


def test_no_text_that_is_asked_is_taught() -> None:
    split = Split((LabelledRow("Refund, please", "r"),), (LabelledRow("My money back", "r"),))
    texts = training_texts([*MANY, "my  MONEY back ", "Refund, please", "  ", MANY[0]], split)
    assert texts == [*MANY, "Refund, please"]


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(CommandMisused, match="3 texts are too few"):
        training_texts(["a", "b", "c"], Split((), ()))


def test_noise_keeps_most_of_a_text_and_can_be_repeated() -> None:
    text = "Could you please tell me why my account isn't working?"
    made = [noisy(text, np.random.default_rng(seed)) for seed in range(200)]
    assert made == [noisy(text, np.random.default_rng(seed)) for seed in range(200)]
    assert len(set(made)) > 100
    assert any(" u pls " in each for each in made)
    assert any("isnt working" in each for each in made)
    assert all(30 < len(each) < 60 for each in made)


def test_noise_leaves_something_of_a_tiny_text() -> None:
    assert all(noisy("?", np.random.default_rng(seed)).strip() for seed in range(100))
    assert all(noisy("ok", np.random.default_rng(seed)).strip() for seed in range(100))
