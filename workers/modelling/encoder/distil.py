"""Distil: teach a small encoder what a larger one finds alike, on a team's own texts.

What is under way lies in a hidden folder beside the result, so that a run that was cut off goes on.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from workers.engines import layout
from workers.engines.engine import TokenBatch
from workers.knowledge.encoder import Encoder
from workers.modelling.encoder.distil_student import Recipe, Student, embed
from workers.modelling.encoder.distil_teacher import seconds_per_text, teacher_vectors
from workers.modelling.encoder.distil_texts import Split, noisy, training_texts
from workers.modelling.encoder.folders import Folders, locked
from workers.modelling.encoder.tokens import write_tokenizer
from workers.modelling.encoder.weights import (
    BertConfig,
    Source,
    Weights,
    check_pooling,
    load_weights,
    read_config,
    weights_sha256,
    write_weights,
)
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer

RECORD = "distilled.json"
Progress = Callable[[str, float], None]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a distillation will take on this machine, as measured on a few texts."""

    texts: int
    steps: int
    teacher_seconds: float
    student_seconds: float


@dataclass(frozen=True, slots=True)
class Distilled:
    """A student that was kept; of `asked` wordings so many are found before and after."""

    folder: Path
    texts: int
    steps: int
    asked: int
    found_before: int
    found_after: int


class Distillation:
    """One student, one teacher, one set of texts. Raises SettingsError or ModelError."""

    def __init__(
        self,
        source: Source,
        teacher: Encoder,
        texts: Sequence[str],
        base: Split,
        out: Path,
        recipe: Recipe | None = None,
    ) -> None:
        check_pooling(source)
        self._source = source
        self._config: BertConfig = read_config(source)
        if self._config.is_mpnet:
            raise ModelError(f"{source.folder} is no BERT: only BERT can be a student")
        self._start: Weights = load_weights(source, self._config)
        self._teacher = teacher
        self._base = base
        self._texts = training_texts(texts, base)
        self._recipe = recipe or Recipe()
        self._steps = self._recipe.steps(len(self._texts))
        self._folders = Folders(out.absolute())
        self._work = out.absolute().with_name(f".{out.name}.distilling-{self._digest()}")
        self._preprocessor: Preprocessor | None = None

    def estimate(self) -> Estimate:
        """Measure teacher and student on a few texts; what is done already counts as undone."""
        teacher = seconds_per_text(self._teacher, self._texts) * len(self._texts)
        student = Student(self._config, self._start, self._recipe, self._steps)
        count = min(self._recipe.batch_size, len(self._texts))
        vectors = np.eye(count, dtype=np.float32)
        seconds = 0.0
        for step in range(2):  # the first one also compiles
            began = time.perf_counter()
            student.learn(self._batch(np.arange(count), step), vectors)
            seconds = time.perf_counter() - began
        return Estimate(len(self._texts), self._steps, teacher, seconds * self._steps)

    def run(self, progress: Progress = lambda _stage, _fraction: None) -> Distilled:
        """Teach, compare and write the student; ModelError if it finds less than before.

        A student that is refused is not written; what it learnt stays for another `weight`.
        """
        with locked(self._folders, lambda: progress("waiting for another distillation", 0.0)):
            self._folders.clear_leftovers()
            self._clear_others()
            learnt = self._learn(progress)
            progress("comparing", 1.0)
            weights = average(self._start, learnt, self._recipe.weight)
            distilled = self._compare(weights)
            self._write(weights, distilled)
            shutil.rmtree(self._work)
        progress("done", 1.0)
        return distilled

    def _learn(self, progress: Progress) -> Weights:
        vectors = teacher_vectors(
            self._teacher,
            self._texts,
            self._work / "teacher",
            lambda share: progress("the teacher reads", share),
        )
        student = Student(self._config, self._start, self._recipe, self._steps)
        checkpoints = self._work / "checkpoints"
        student.resume(checkpoints)
        clock = _Clock(student.step, self._steps)
        written = time.monotonic()
        while (step := student.step) < self._steps:
            chosen = batch_indices(vectors, step, self._recipe)
            student.learn(self._batch(chosen, step), vectors[chosen])
            due = time.monotonic() - written >= self._recipe.checkpoint_seconds
            if due or student.step == self._steps:
                student.checkpoint(checkpoints)
                written = time.monotonic()
            progress(f"the student learns, {clock.left(student.step)}", student.step / self._steps)
        return student.weights()

    def _batch(self, chosen: NDArray[np.intp], step: int) -> TokenBatch:
        rng = np.random.default_rng([self._recipe.seed, step, 1])
        read = [
            noisy(self._texts[index], rng)
            if rng.random() < self._recipe.noisy
            else self._texts[index]
            for index in chosen
        ]
        return TokenBatch.of(self._tokens(read))

    def _tokens(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        if self._preprocessor is None:
            self._work.mkdir(parents=True, exist_ok=True)
            write_tokenizer(self._source, self._work / layout.TOKENIZER)
            tokenizer = Tokenizer.load(self._work, self._recipe.max_tokens)
            self._preprocessor = Preprocessor(tokenizer)
        return [prepared.ids for prepared in self._preprocessor.prepare(texts)]

    def _compare(self, weights: Weights) -> Distilled:
        before, after = self._found(self._start), self._found(weights)
        asked = len(self._base.asked)
        if after < before:
            raise ModelError(
                f"of the base's {asked} wordings that were set aside, the student finds {after}, "
                f"the weights it began with {before}: it is not kept. What it learnt is: a "
                "smaller --weight takes less of it and costs no second lesson."
            )
        return Distilled(self._folders.model, len(self._texts), self._steps, asked, before, after)

    def _found(self, weights: Weights) -> int:
        """Count the wordings set aside whose nearest other wording is of their entry."""
        if not self._base.asked:
            return 0
        searched, asked = (
            embed(self._config, weights, self._tokens([row.text for row in rows]))
            for rows in (self._base.searched, self._base.asked)
        )
        nearest = (asked @ searched.T).argmax(1)
        pairs = zip(nearest, self._base.asked, strict=True)
        return sum(self._base.searched[index].label == row.label for index, row in pairs)

    def _write(self, weights: Weights, distilled: Distilled) -> None:
        write_weights(self._source, weights, self._folders.scratch)
        record = asdict(distilled) | {
            "folder": self._folders.model.name,
            "source": self._source.name,
            "teacher": self._teacher.name,
            "recipe": asdict(self._recipe),
        }
        content = msgspec.json.format(msgspec.json.encode(record), indent=2)
        (self._folders.scratch / RECORD).write_bytes(content + b"\n")
        self._folders.replace()

    def _digest(self) -> str:
        """Identify all that decides what is learnt; how it is averaged comes later."""
        recipe = replace(self._recipe, weight=0, checkpoint_seconds=0)
        delta = self._source.delta.sha256 if self._source.delta else None
        parts = (weights_sha256(self._source), delta, self._teacher.name, recipe, self._texts)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

    def _clear_others(self) -> None:
        for other in self._work.parent.glob(f".{self._folders.model.name}.distilling-*"):
            if other != self._work:
                shutil.rmtree(other, ignore_errors=True)


def average(start: Weights, learnt: Weights, weight: float) -> dict[str, Floats]:
    """Return start × (1 - weight) + learnt × weight."""
    return {
        name: (value + np.float32(weight) * (learnt[name] - value)).astype(np.float32)
        for name, value in start.items()
    }


def batch_indices(vectors: Floats, step: int, recipe: Recipe) -> NDArray[np.intp]:
    """Choose a step's texts: half at random, half from the neighbourhood of one, each once.

    Among strangers alone a student would learn only coarse differences.
    """
    rng = np.random.default_rng([recipe.seed, step])
    count = min(recipe.batch_size, len(vectors))
    near = min(count // 2, len(vectors))
    reach = min(2 * near, len(vectors))
    similarities = vectors @ vectors[rng.integers(len(vectors))]
    neighbours = np.argpartition(-similarities, reach - 1)[:reach]
    strangers = rng.choice(len(vectors), count - near, replace=False)
    return np.unique(np.concatenate([rng.choice(neighbours, near, replace=False), strangers]))


class _Clock:
    """Says how long the remaining steps take, as fast as those since it was made."""

    def __init__(self, step: int, steps: int) -> None:
        self._first, self._steps = step, steps
        self._began = time.monotonic()

    def left(self, step: int) -> str:
        """Return the time left in words."""
        seconds = (time.monotonic() - self._began) / (step - self._first) * (self._steps - step)
        return (
            f"{duration(max(10, round(seconds, -1)))} left"  # a line for each on a plain terminal
        )


def duration(seconds: float) -> str:
    """Return a duration in words, rounded to what matters."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
