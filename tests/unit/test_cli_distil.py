"""`parley model distil` refuses what cannot work before TensorFlow is loaded."""

import json
import sys
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus
from tests.conftest import Parley


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # an import of it fails


def test_a_missing_file_of_texts_is_named(parley: Parley, tmp_path: Path) -> None:
    code, _, said = parley("model", "distil", "--texts", str(tmp_path / "none.txt"))
    assert code == ExitStatus.USAGE
    assert "none.txt cannot be read" in said


def test_a_teacher_must_be_built(parley: Parley, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": "Where is it?"}))
    code, _, said = parley(
        "model", "distil", "--texts", str(texts), "--teacher", str(tmp_path / "nobody")
    )
    assert code == 1
    assert "nobody holds no built model" in said


def test_the_large_one_teaches_by_default(
    parley: Parley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_MODEL_DIR", str(tmp_path / "some"))
    texts = tmp_path / "texts.txt"
    texts.write_text("Where is it?")
    code, _, said = parley("model", "distil", "--texts", str(texts))
    assert code == 1
    assert "some-large holds no built model" in said
