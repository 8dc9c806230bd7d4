"""The ranking head: one direction an entry, fitted to all wordings of a base."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Places = NDArray[np.intp]

_SCALE = 18.0  # how sharply a prototype's cosine counts before fitting
_ANSWER_SHARE = 0.3  # of a prototype: the answer's words help where wordings are few
_PULL = 3e-5  # towards the prototypes: keeps an entry with few wordings near its mean
_MAX_STEPS, _MIN_STEPS = 120, 20
_WORK = 1.5e8  # rows × entries × steps: a large base gets fewer steps, not minutes
_RATE = 40.0
_MOMENTUM = 0.9


def prototypes(wordings: Vectors, owners: Places, answers: Vectors) -> Vectors:
    """Return one direction of length 1 an entry: its wordings' mean, leaning to its answer."""
    sums = np.zeros_like(answers)
    np.add.at(sums, owners, wordings)
    counts = np.maximum(np.bincount(owners, minlength=len(answers)), 1)[:, None]
    leaning = sums / counts + _ANSWER_SHARE * answers
    return np.asarray(leaning / np.linalg.norm(leaning, axis=1, keepdims=True), np.float32)


def fit_head(wordings: Vectors, owners: Places, answers: Vectors) -> Vectors:
    """Return weights [entries, dimension] of a softmax over entries, by accelerated descent.

    Each entry's answer counts as one more wording of it. The problem is convex, so the start at
    the prototypes decides the speed only.
    """
    rows = np.vstack([wordings, answers])
    truth = np.concatenate([owners, np.arange(len(answers))])
    start = _SCALE * prototypes(wordings, owners, answers)
    weights, velocity = start.copy(), np.zeros_like(start)
    for _ in range(_steps(len(rows), len(answers))):
        ahead = np.asarray(weights + _MOMENTUM * velocity, np.float32)
        slope = _slope(ahead, rows, truth) + _PULL * (ahead - start)
        velocity = _MOMENTUM * velocity - _RATE * slope
        weights = weights + velocity
    return np.asarray(weights, np.float32)


def _steps(rows: int, entries: int) -> int:
    return int(min(_MAX_STEPS, max(_MIN_STEPS, _WORK / (rows * entries))))


def _slope(weights: Vectors, rows: Vectors, truth: Places) -> Vectors:
    chances = softmax(rows @ weights.T)
    chances[np.arange(len(rows)), truth] -= 1.0
    return np.asarray(chances.T @ rows / len(rows), np.float32)


def softmax(scores: Vectors) -> Vectors:
    """Return probabilities along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
