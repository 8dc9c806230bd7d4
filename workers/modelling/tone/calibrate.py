"""Fit how readily a message counts as negative, on examples that the head has not seen.

The public sets are talk among strangers: what is plainly reported there ("it came broken") is a
complaint when a customer says it. Our own examples show how far to move the line.
"""

from dataclasses import replace

import numpy as np

from workers.modelling.tone.evaluation import Indices, label_f1
from workers.modelling.tone.fit import Progress, Recipe, Rows, fit
from workers.tone.cues import FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head

_FOLDS = 4
_OFFSETS = np.arange(-5, 16) / 10  # added to the logits of the negative emotions
_SAME_F1 = 0.005  # half a point: less than folds differ by
_NEGATIVE = np.array([TONE_OF[name] == "negative" for name in EMOTIONS], np.float32)
_TONES = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS], np.float32)


def fit_negative_offset(
    rows: Rows, patterns: Indices, recipe: Recipe, progress: Progress = lambda _share: None
) -> float:
    """Return the smallest offset that is as good as any over folds of the examples' patterns.

    As good: a macro-F1 within half a point of the best. Rows of pattern -1 are fitted to in every
    fold and evaluated in none.
    """
    evaluated = np.flatnonzero(patterns >= 0)
    tones = _predict_unseen(rows, patterns, replace(recipe, heads=1), progress)[evaluated]
    labels = (rows.allowed[evaluated] @ _TONES).argmax(axis=1)
    weights = 1 / np.bincount(patterns[evaluated])[patterns[evaluated]]
    scores = [
        label_f1(
            labels, (tones + offset * _is_negative()).argmax(axis=1), len(LABELS), weights
        ).mean()
        for offset in _OFFSETS
    ]
    smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    good = np.flatnonzero(smooth >= smooth.max() - _SAME_F1)
    return float(min(_OFFSETS[good], key=abs))


def with_negative_offset(head: Head, offset: float) -> Head:
    """Return a head whose negative emotions weigh more (or less) by `offset`."""
    return replace(head, output_bias=head.output_bias + np.float32(offset) * _NEGATIVE)


def _is_negative() -> FloatArray:
    return np.array([label == "negative" for label in LABELS], np.float32)


def _predict_unseen(
    rows: Rows, patterns: Indices, recipe: Recipe, progress: Progress
) -> FloatArray:
    """Return each row's log probability of LABELS by a head fitted without its pattern."""
    logs = np.zeros((len(patterns), len(LABELS)), np.float32)
    for fold in range(_FOLDS):
        unseen = (patterns >= 0) & (patterns % _FOLDS == fold)
        head = fit(rows.at(~unseen), recipe, "")
        vectors, cues = np.split(rows.inputs[unseen], [head.dimension], axis=1)
        logs[unseen] = np.log(head.emotions(vectors, cues) @ _TONES + 1e-9)
        progress((fold + 1) / _FOLDS)
    return logs
