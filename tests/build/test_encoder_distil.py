"""A student learns from any encoder, goes on after a cut, and is refused where the base loses."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.errors import ModelError
from tests.support.tiny_bert import tiny_weights, write_tiny_bert
from workers.knowledge.encoder import Ids
from workers.modelling.encoder.distil import (
    RECORD,
    Distillation,
    average,
    batch_indices,
    duration,
)
from workers.modelling.encoder.distil_student import Recipe, Student, embed
from workers.modelling.encoder.distil_teacher import teacher_vectors
from workers.modelling.encoder.distil_texts import Split
from workers.modelling.encoder.gate import LabelledRow
from workers.modelling.encoder.weights import (
    Source,
    Weights,
    folder_source,
    load_weights,
    read_config,
)

WORDS = ("where", "is", "my", "order", "orders", "?", "lamp")
RECIPE = Recipe(batch_size=16, passes=2, rate=3e-3, noisy=0.0, weight=1.0)
ORDER = [LabelledRow(text, "order") for text in ("where is my order", "my order ?")]
LAMP = [LabelledRow(text, "is") for text in ("is is is", "is is ?")]
BASE = Split((ORDER[0], LAMP[0]), (ORDER[1], LAMP[1]))


class BagOfWords:
    """A teacher that counts words; `fault_after` texts it fails."""

    name = "bag of words"
    dimension = len(WORDS)

    def __init__(self, fault_after: int = 10_000) -> None:
        self.read_texts: list[str] = []
        self._fault_after = fault_after

    def read(self, texts: Sequence[str]) -> list[Ids]:
        if len(self.read_texts) + len(texts) > self._fault_after:
            raise KeyboardInterrupt
        self.read_texts += texts
        return [tuple(text.lower().split().count(word) for word in WORDS) for text in texts]

    def embed(self, ids: Sequence[Ids]) -> NDArray[np.float32]:
        counts = np.array(ids, np.float32) + np.float32(0.01)
        vectors: NDArray[np.float32] = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return vectors


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return folder_source(write_tiny_bert(tmp_path / "tiny"))


def make_texts(seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(2, 7))) for _ in range(80)]


@pytest.fixture
def texts() -> list[str]:
    return make_texts(seed=5)


def disagreement(lesson: Distillation, weights: Weights, texts: list[str]) -> float:
    """Measure how far similarities under these weights are from the teacher's."""
    teacher = BagOfWords()
    wanted = teacher.embed(teacher.read(texts))
    learnt = embed(lesson._config, weights, lesson._tokens(texts))
    return float(np.square(learnt @ learnt.T - wanted @ wanted.T).mean())


def test_a_student_comes_nearer_to_its_teacher(
    tmp_path: Path, source: Source, texts: list[str]
) -> None:
    stages: list[str] = []
    long = replace(RECIPE, passes=16, rate=1e-2)
    lesson = Distillation(source, BagOfWords(), texts, BASE, tmp_path / "out", long)
    distilled = lesson.run(lambda stage, _share: stages.append(stage))
    written = folder_source(tmp_path / "out")
    before, after = (load_weights(each, read_config(each)) for each in (source, written))
    fresh = make_texts(seed=6)
    assert disagreement(lesson, after, fresh) < disagreement(lesson, before, fresh) / 2
    assert distilled.found_after >= distilled.found_before
    assert json.loads((tmp_path / "out" / RECORD).read_text())["teacher"] == "bag of words"
    assert any(stage.startswith("the student learns, ") for stage in stages)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".out.lock", "out", "tiny"]  # nothing that was under way is left


def test_a_run_that_is_cut_off_goes_on(tmp_path: Path, source: Source, texts: list[str]) -> None:
    def cut(stage: str, share: float) -> None:
        if stage.startswith("the student") and share > 0.5:
            raise KeyboardInterrupt

    whole = Distillation(source, BagOfWords(), texts, BASE, tmp_path / "whole", RECIPE)
    whole.run()
    often = replace(RECIPE, checkpoint_seconds=0)
    half = Distillation(source, BagOfWords(), texts, BASE, tmp_path / "half", often)
    with pytest.raises(KeyboardInterrupt):
        half.run(cut)
    assert not (tmp_path / "half").exists()
    teacher = BagOfWords(fault_after=0)  # its vectors lie on disk
    shares: list[float] = []
    again = Distillation(source, teacher, texts, BASE, tmp_path / "half", RECIPE)
    again.run(lambda stage, share: shares.append(share) if "student" in stage else None)
    assert shares[0] > 0.4
    ends = [folder_source(tmp_path / name) for name in ("whole", "half")]
    one, other = (load_weights(end, read_config(end)) for end in ends)
    assert all((one[name] == other[name]).all() for name in one)


def test_a_student_that_finds_less_is_not_written(
    tmp_path: Path, source: Source, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter((2, 1, 2, 2))
    monkeypatch.setattr(Distillation, "_found", lambda *_: next(found))
    lesson = Distillation(source, BagOfWords(), texts, BASE, tmp_path / "out", RECIPE)
    with pytest.raises(ModelError, match="the student finds 1, the weights it began with 2"):
        lesson.run()
    assert not (tmp_path / "out").exists()
    milder = replace(RECIPE, weight=0.5)
    stages: list[str] = []
    again = Distillation(source, BagOfWords(0), texts, BASE, tmp_path / "out", milder)
    assert again.run(lambda stage, _share: stages.append(stage)).found_after == 2
    assert not any("student learns" in stage for stage in stages)


def test_wordings_set_aside_are_found_by_their_nearest(
    tmp_path: Path, source: Source, texts: list[str]
) -> None:
    same = Split(BASE.searched, BASE.searched)
    swapped = Split(
        BASE.searched,
        tuple(
            LabelledRow(row.text, other.label)
            for row, other in zip(BASE.searched, reversed(BASE.searched), strict=True)
        ),
    )
    for split, found in ((same, 2), (swapped, 0)):
        lesson = Distillation(source, BagOfWords(), texts, split, tmp_path / "out", RECIPE)
        assert lesson._found(tiny_weights()) == found


def test_the_time_is_told_before(tmp_path: Path, source: Source, texts: list[str]) -> None:
    lesson = Distillation(source, BagOfWords(), texts, BASE, tmp_path / "out", RECIPE)
    estimate = lesson.estimate()
    known = len({" ".join(text.lower().split()) for text in texts} | {"where is my order"})
    assert known <= estimate.texts <= known + 1
    assert estimate.steps == RECIPE.steps(estimate.texts)
    assert 0 < estimate.teacher_seconds < 60
    assert 0 < estimate.student_seconds < 600
    assert [duration(seconds) for seconds in (0.2, 75, 600, 9000)] == [
        "1 s",
        "75 s",
        "10 min",
        "2.5 h",
    ]


def test_an_unlearned_student_has_the_weights_it_began_with(source: Source) -> None:
    config = read_config(source)
    weights = load_weights(source, config)
    student = Student(config, weights, RECIPE, 10).weights()
    assert set(student) == set(weights)
    for name, value in weights.items():
        assert np.abs(student[name] - value).max() < 1e-6, name


def test_an_average_lies_between() -> None:
    start = {"a": np.zeros(2, np.float32)}
    learnt = {"a": np.array([1, 2], np.float32)}
    assert average(start, learnt, 0.75)["a"].tolist() == [0.75, 1.5]


def test_half_a_batch_is_a_neighbourhood() -> None:
    vectors = np.repeat(np.eye(20, dtype=np.float32), 32, axis=0)
    chosen = batch_indices(vectors, 3, replace(RECIPE, batch_size=32))
    groups = np.bincount(chosen // 32)
    assert groups.max() >= 14
    assert len(set(chosen)) == len(chosen) <= 32
    assert (chosen == batch_indices(vectors, 3, replace(RECIPE, batch_size=32))).all()


def test_a_part_of_the_teachers_work_is_kept(tmp_path: Path) -> None:
    texts = [f"order {number}" for number in range(1500)]
    with pytest.raises(KeyboardInterrupt):
        teacher_vectors(BagOfWords(1100), texts, tmp_path, lambda _share: None)
    teacher, shares = BagOfWords(), list[float]()
    vectors = teacher_vectors(teacher, texts, tmp_path, shares.append)
    assert teacher.read_texts == texts[1024:]
    assert vectors.shape == (1500, len(WORDS))
    assert shares[-1] == 1.0
