"""The student's delta: what packing keeps, and to which weights it is added."""

from pathlib import Path

import numpy as np
import pytest

from shared.errors import ModelError
from tests.support.tiny_bert import tiny_weights, write_tiny_bert
from workers.engines.files import file_sha256
from workers.modelling.encoder.delta import STUDENT, Delta, pack, unpack
from workers.modelling.encoder.weights import (
    Source,
    folder_source,
    load_weights,
    original_source,
    packaged_source,
    read_config,
    write_weights,
)

WORDS = "embeddings.word_embeddings.weight"


def taught() -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    """Return the tiny model's weights, each moved a little but one tensor and one word's row."""
    draw = np.random.default_rng(3)
    moved = {
        name: value + 0.01 * draw.standard_normal(value.shape, np.float32)
        for name, value in tiny_weights().items()
    }
    moved["embeddings.LayerNorm.bias"] = tiny_weights()["embeddings.LayerNorm.bias"]
    moved[WORDS][4] = tiny_weights()[WORDS][4]
    return moved


def test_a_delta_restores_the_student_to_a_fraction_of_a_step() -> None:
    original, student = tiny_weights(), taught()
    restored = original | unpack(pack(original, student), original)
    for name, value in student.items():
        assert np.abs(restored[name] - value).max() <= 0.004, name  # rms / 2 is one step
    assert (restored[WORDS][4] == original[WORDS][4]).all()


def test_equal_weights_need_no_tensor_and_give_equal_bytes() -> None:
    original, student = tiny_weights(), taught()
    names = unpack(pack(original, student), original)
    assert set(original) - set(names) == {"embeddings.LayerNorm.bias"}
    assert pack(original, student) == pack(original, student)


def test_a_far_outlier_is_no_overflow() -> None:
    original, student = tiny_weights(), taught()
    student[WORDS][0, 0] += 5
    restored = unpack(pack(original, student), original)
    assert restored[WORDS][0, 0] == pytest.approx(student[WORDS][0, 0], abs=0.1)


def test_the_shipped_model_is_the_pinned_one_with_the_pinned_delta() -> None:
    original, shipped = original_source(), packaged_source()
    assert shipped.delta is STUDENT
    assert file_sha256(STUDENT.path) == STUDENT.sha256
    assert (original.folder, original.sha256) == (shipped.folder, shipped.sha256)
    assert original.delta is None
    assert original.name != shipped.name


def test_merged_weights_can_be_written_and_read_as_any_folder(tmp_path: Path) -> None:
    file = tmp_path / "some.delta"
    file.write_bytes(pack(tiny_weights(), taught()))
    folder = write_tiny_bert(tmp_path / "tiny")
    source = Source("tiny", folder, None, Delta(file, file_sha256(file)))
    config = read_config(source)
    merged = load_weights(source, config)
    write_weights(source, merged, tmp_path / "whole")
    whole = folder_source(tmp_path / "whole")
    assert read_config(whole) == config
    written = load_weights(whole, config)
    assert all((written[name] == value).all() for name, value in merged.items())
    assert not (merged[WORDS] == tiny_weights()[WORDS]).all()
    assert (tmp_path / "whole" / "vocab.txt").read_text() == (folder / "vocab.txt").read_text()


def test_another_delta_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.delta"
    file.write_bytes(pack(tiny_weights(), taught()))
    folder = write_tiny_bert(tmp_path / "tiny")
    source = Source("tiny", folder, None, Delta(file, STUDENT.sha256))
    with pytest.raises(ModelError, match="is not the pinned file"):
        load_weights(source, read_config(source))
