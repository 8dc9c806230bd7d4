"""Measure ranking and confidence as they ship, on public sets and the demo's questions.

    python -m workers.modelling.knowledge.quality DATA [--model-dir DIR] [--second DIR]

With --second, what the first encoder is not sure of is looked at by the second one too. DATA holds
the sets that `labelled` names.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.settings import load
from workers.knowledge.calibration import Calibration, read_calibration, shipped_calibration
from workers.knowledge.head import Vectors
from workers.knowledge.index import Scores
from workers.knowledge.responder import embed_out_of_scope
from workers.knowledge.rewrite import rewrite
from workers.modelling.knowledge import labelled
from workers.modelling.knowledge.calibrate import Memory
from workers.modelling.knowledge.labelled import LabelledBase
from workers.modelling.knowledge.measure import HEADING, quality_of
from workers.modelling.knowledge.trials import Embed, index_of
from workers.second_look.band import UNSURE
from workers.settings import WorkerSettings


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One encoder with what belongs to it."""

    embed: Embed
    out_of_scope: Vectors
    calibration: Calibration

    @classmethod
    def through(cls, model_dir: Path | None) -> "Look":
        """Open the encoder of a model folder."""
        memory = Memory(load(WorkerSettings, model_dir=model_dir))
        out_of_scope = embed_out_of_scope(memory.embeddings)
        calibration = read_calibration(shipped_calibration(out_of_scope.shape[1]))
        return cls(memory.embed, out_of_scope, calibration)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found for messages [rows]: whether the best entry serves, and how sure that is.

    `looked_twice` says which the second encoder saw; `weights` what each counts in the
    calibration error.
    """

    served: NDArray[np.float64]
    chances: NDArray[np.float64]
    nearest: Vectors
    in_scope: NDArray[np.bool_]
    looked_twice: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def row(self, name: str) -> str:
        """Return a line under the heading."""
        shares = self.weights / self.weights.sum()
        quality = quality_of(self.served, self.in_scope, self.chances, self.nearest, shares)
        return f"{quality.row(name)}{self.looked_twice[self.in_scope].mean():14.3f}"


def find(looks: Sequence[Look], base: LabelledBase) -> Found:
    """Find with the first encoder, and with both what the first is not sure of."""
    indexes = [index_of(base, look.embed, rewrite, look.out_of_scope) for look in looks]
    texts = [rewrite(text) for text in base.messages]
    scores = [
        index.score(look.embed(base.messages), texts)
        for index, look in zip(indexes, looks, strict=True)
    ]
    if base.in_scope.all():  # each message once more, as if its entry were not in the base
        missing = [
            index.score(look.embed(base.messages), texts, base.gold)
            for index, look in zip(indexes, looks, strict=True)
        ]
        found = _combined(looks, scores, base.gold, base)
        lost = _combined(looks, missing, np.full_like(base.gold, labelled.OUT), base)
        # That every other message is one that the base misses is nobody's traffic.
        return joined([found, replace(lost, weights=np.zeros_like(lost.weights))])
    return _combined(looks, scores, base.gold, base)


def joined(parts: Sequence[Found]) -> Found:
    """Return the rows of all parts."""
    return Found(
        np.concatenate([each.served for each in parts]),
        np.concatenate([each.chances for each in parts]),
        np.concatenate([each.nearest for each in parts]),
        np.concatenate([each.in_scope for each in parts]),
        np.concatenate([each.looked_twice for each in parts]),
        np.concatenate([each.weights for each in parts]),
    )


def _combined(
    looks: Sequence[Look], scores: Sequence[Scores], gold: NDArray[np.intp], base: LabelledBase
) -> Found:
    chances = [
        _by_entry(look.calibration, each, len(base.answers))
        for look, each in zip(looks, scores, strict=True)
    ]
    first = chances[0].max(axis=1)
    unsure = np.array([UNSURE.holds(each) for each in first.tolist()])
    twice = unsure & (len(looks) > 1)
    both = np.where(twice[:, None], np.mean(chances, axis=0), chances[0])
    return Found(
        (both.argmax(axis=1) == gold).astype(np.float64),
        both.max(axis=1),
        scores[0].nearest.max(axis=1),
        gold != labelled.OUT,
        twice,
        np.ones(len(gold)),
    )


def _by_entry(calibration: Calibration, scores: Scores, entries: int) -> NDArray[np.float64]:
    chances = np.zeros((len(scores.entries), entries))
    np.put_along_axis(chances, scores.entries, calibration.confidence(scores), axis=1)
    return chances


def rows(looks: Sequence[Look], folder: Path) -> Iterator[str]:
    """Yield a line for each set; Banking77's is over five folds."""
    clinc = labelled.clinc(folder)
    strange = [
        text for text, known in zip(clinc.messages, clinc.in_scope, strict=True) if not known
    ]
    for base in (labelled.curekart(folder), labelled.stackfaq(folder), clinc, labelled.demo()):
        yield find(looks, base).row(base.name)
    folds = [find(looks, base) for base in labelled.banking(folder, strange)]
    yield joined(folds).row("banking77")


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure ranking and confidence.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--second", type=Path)
    options = parser.parse_args(arguments)
    looks = [Look.through(options.model_dir)]
    if options.second:
        looks.append(Look.through(options.second))
    sys.stdout.write(f"{HEADING}{'looked twice':>14}\n")
    for row in rows(looks, options.data):
        sys.stdout.write(row + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
