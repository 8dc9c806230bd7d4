"""Which weights a model is built from again."""

from pathlib import Path

import pytest
from rich.console import Console

from infra.supervisor import model
from infra.supervisor.model import make_model
from shared.errors import ModelError
from tests.support.tiny_bert import write_tiny_bert
from workers.engines import layout
from workers.engines.manifest import SCHEMA, Manifest, SourceRecord, write_manifest
from workers.modelling.encoder.weights import (
    Source,
    folder_source,
    named_source,
    original_source,
    packaged_source,
)

FORMER_NAME = "all-MiniLM-L6-v2"  # of models that were built before there was a student


class Asked(Exception):
    """Carries the source that a build was asked for."""


@pytest.fixture(autouse=True)
def _no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_model(model_dir: Path, source: Source, progress: object) -> None:
        raise Asked(source)

    monkeypatch.setattr(model, "build_model", build_model)


def asked_for(model_dir: Path) -> Source:
    with pytest.raises(Asked) as asked:
        make_model(model_dir, Console(quiet=True))
    source = asked.value.args[0]
    assert isinstance(source, Source)
    return source


def built_of(folder: Path, name: str, model_dir: Path) -> Path:
    model_dir.mkdir()
    record = SourceRecord(name, str(folder), "0" * 64, 1, 1)
    write_manifest(model_dir, Manifest(SCHEMA, "digest", record, 384, layout.MAX_TOKENS, {}, {}))
    return model_dir


def test_the_student_is_built_where_there_is_no_model(tmp_path: Path) -> None:
    assert asked_for(tmp_path / "model") == packaged_source()


def test_a_model_of_the_former_weights_becomes_the_student(tmp_path: Path) -> None:
    present = built_of(original_source().folder, FORMER_NAME, tmp_path / "model")
    assert asked_for(present) == packaged_source()


def test_who_chose_the_original_keeps_it(tmp_path: Path) -> None:
    original = original_source()
    present = built_of(original.folder, original.name, tmp_path / "model")
    assert asked_for(present) == original


def test_another_bert_is_built_as_it_is(tmp_path: Path) -> None:
    own = folder_source(write_tiny_bert(tmp_path / "own"))
    assert asked_for(built_of(own.folder, own.name, tmp_path / "model")) == own
    assert own.delta is None


def test_weights_are_named_by_a_word_or_a_folder(tmp_path: Path) -> None:
    assert named_source("package") == packaged_source()
    assert named_source("original") == original_source()
    with pytest.raises(ModelError, match="is not a folder"):
        named_source(str(tmp_path / "nowhere"))
