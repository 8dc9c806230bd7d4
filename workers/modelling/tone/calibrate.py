"""Fit how readily a message counts as negative, on examples that the head has not seen.

The public sets are talk among strangers: what is told plainly there ("it came broken") is a
complaint when a customer says it. Our own examples tell how far to move the line.
"""

from dataclasses import replace

import numpy as np

from workers.modelling.tone.evaluation import Places, label_f1
from workers.modelling.tone.fit import Progress, Recipe, Rows, fit
from workers.tone.cues import FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head

_FOLDS = 4
_OFFSETS = np.arange(-5, 16) / 10  # added to the logits of the negative emotions
_SAME_F1 = 0.005
_NEGATIVE = np.array([TONE_OF[name] == "negative" for name in EMOTIONS], np.float32)
_TONES = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS], np.float32)


def fit_negative_offset(
    rows: Rows, patterns: Places, recipe: Recipe, progress: Progress = lambda _share: None
) -> float:
    """Return the smallest offset that is as good as any over folds of the examples' patterns.

    As good: a macro-F1 within half a point of the best. Rows of pattern -1 are fitted to in every
    fold and judged in none.
    """
    judged = np.flatnonzero(patterns >= 0)
    tones = _believed_unseen(rows, patterns, replace(recipe, heads=1), progress)[judged]
    true = (rows.allowed[judged] @ _TONES).argmax(axis=1)
    weights = 1 / np.bincount(patterns[judged])[patterns[judged]]
    scores = [
        label_f1(
            true, (tones + offset * _is_negative()).argmax(axis=1), len(LABELS), weights
        ).mean()
        for offset in _OFFSETS
    ]
    smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    good = np.flatnonzero(smooth >= smooth.max() - _SAME_F1)
    return float(min(_OFFSETS[good], key=abs))


def moved(head: Head, offset: float) -> Head:
    """Return a head whose negative emotions weigh more (or less) by `offset`."""
    return replace(head, output_bias=head.output_bias + np.float32(offset) * _NEGATIVE)


def _is_negative() -> FloatArray:
    return np.array([label == "negative" for label in LABELS], np.float32)


def _believed_unseen(
    rows: Rows, patterns: Places, recipe: Recipe, progress: Progress
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
