"""Fit the confidence that ships, for one encoder, to public sets and the demo's questions.

    python -m workers.modelling.knowledge.calibrate DATA [--model-dir DIR]

DATA holds the sets that `labelled` names. Prints what each set sees of a calibration fitted to all
others, and writes the one fitted to all. docs/quality.md has the figures.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from shared.settings import load
from workers.knowledge.calibration import Calibration, shipped_calibration, write_calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode
from workers.knowledge.head import Vectors
from workers.knowledge.index import Scores
from workers.knowledge.responder import embed_out_of_scope
from workers.knowledge.rewrite import rewrite
from workers.modelling.knowledge import labelled
from workers.modelling.knowledge.fit import choose_thresholds, fit_weights
from workers.modelling.knowledge.labelled import LabelledBase
from workers.modelling.knowledge.measure import HEADING, measure
from workers.modelling.knowledge.trials import Embed, Outcome, cut, run, whole
from workers.modelling.knowledge.tuning import open_encoder
from workers.settings import WorkerSettings

_SEED = 7
_OTHERS = 600  # messages of another set that stand for the rest of the world


class Memory:
    """Embed each text once in a run. `base` texts are kept on disk too."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._encoder = open_encoder(settings)
        self._known: dict[str, Vectors] = {}
        self.embeddings = EmbeddingCache(settings.data_dir / "cache", self._encoder)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors [texts, dimension] in order."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(missing, encode(self._encoder, missing), strict=True))
        rows = [self._known[text] for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), self._encoder.dimension)


def trials_of(folder: Path, embed: Embed, out_of_scope: Vectors) -> Iterator[tuple[str, Outcome]]:
    """Yield name and outcome of each set in its own mix, and of what is cut from it."""
    clinc = labelled.clinc(folder)
    strange = [
        text for text, known in zip(clinc.messages, clinc.in_scope, strict=True) if not known
    ]
    banking = next(labelled.banking(folder, strange))
    anything = [*strange, *_some(clinc)]
    bases = (
        (labelled.curekart(folder), anything),
        (labelled.stackfaq(folder), [*strange, *_some(banking)]),
        (clinc, strange),
        (banking, anything),
        (labelled.demo(), [*strange, *_some(banking)]),
    )
    for base, outside in bases:
        for trial in (whole(base), *cut(base, outside, _SEED)):
            outcome = run(trial, embed, rewrite, out_of_scope)
            yield ("whole" if trial.base is base else "cut"), outcome


def balanced(outcomes: Sequence[tuple[str, Outcome]]) -> list[Outcome]:
    """Give a set in its own mix the weight of all that was cut from it."""
    counts: dict[str, int] = {}
    for kind, each in outcomes:
        counts[each.group] = counts.get(each.group, 0) + (kind == "cut")
    return [
        each if kind == "whole" else replace(each, weights=each.weights / counts[each.group])
        for kind, each in outcomes
    ]


def _some(base: LabelledBase) -> list[str]:
    order = np.random.default_rng(_SEED).permutation(len(base.messages))
    return [base.messages[each] for each in order[:_OTHERS]]


def _unanswered(outcomes: Sequence[tuple[str, Outcome]]) -> list[Scores]:
    return [
        each.scores.rows(~each.in_scope)
        for kind, each in outcomes
        if kind == "whole" and not each.in_scope.all()
    ]


def _left_out(outcomes: Sequence[tuple[str, Outcome]]) -> Iterator[str]:
    balance = balanced(outcomes)
    for kind, outcome in outcomes:
        if kind == "whole":
            others = [each for each in balance if each.group != outcome.group]
            calibration = Calibration(fit_weights(others), 1.0, 1.0)
            yield measure(outcome, calibration).row(outcome.group)


def main(arguments: Sequence[str]) -> None:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description="Fit the confidence that ships.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model-dir", type=Path)
    options = parser.parse_args(arguments)
    settings = load(WorkerSettings, model_dir=options.model_dir)
    memory = Memory(settings)
    out_of_scope = embed_out_of_scope(memory.embeddings)
    outcomes = list(trials_of(options.data, memory.embed, out_of_scope))
    lines = [HEADING, *_left_out(outcomes)]
    calibration = choose_thresholds(fit_weights(balanced(outcomes)), _unanswered(outcomes))
    target = shipped_calibration(out_of_scope.shape[1])
    write_calibration(calibration, target)
    sys.stdout.write("\n".join([*lines, f"{target}", ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
