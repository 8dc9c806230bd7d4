"""The ranking head: one direction an entry, fitted to all phrasings of a base."""

import numpy as np
from numpy.typing import NDArray

from workers.softmax import softmax

Vectors = NDArray[np.float32]
Indices = NDArray[np.intp]

# Chosen on the demo base by folds: docs/experiments/retrieval.md.
_PROTOTYPE_SCALE = 18.0  # how sharply a prototype's cosine counts before fitting
_ANSWER_SHARE = 0.6  # of a prototype: the answer's words help if phrasings are few
_L2_WEIGHT = 1e-5  # towards the prototypes: keeps an entry with few phrasings near its mean
_MAX_STEPS, _MIN_STEPS = 80, 20
_MAX_OPERATIONS = 1.5e8  # rows × entries × steps: a large base gets fewer steps, not minutes
_LEARNING_RATE = 40.0
_MOMENTUM = 0.9


def prototypes(phrasings: Vectors, entry_index: Indices, answers: Vectors) -> Vectors:
    """Return one direction of length 1 an entry: its phrasings' mean, leaning to its answer."""
    sums = np.zeros_like(answers)
    np.add.at(sums, entry_index, phrasings)
    counts = np.maximum(np.bincount(entry_index, minlength=len(answers)), 1)[:, None]
    leaning = sums / counts + _ANSWER_SHARE * answers
    return np.asarray(leaning / np.linalg.norm(leaning, axis=1, keepdims=True), np.float32)


def fit_head(phrasings: Vectors, entry_index: Indices, answers: Vectors) -> Vectors:
    """Return weights [entries, dimension] of a softmax over entries, by accelerated descent.

    Each entry's answer counts as one more phrasing of it. The problem is convex, so the start at
    the prototypes decides the speed only.
    """
    rows = np.vstack([phrasings, answers])
    labels = np.concatenate([entry_index, np.arange(len(answers))])
    start = _PROTOTYPE_SCALE * prototypes(phrasings, entry_index, answers)
    weights, velocity = start.copy(), np.zeros_like(start)
    for _ in range(_steps(len(rows), len(answers))):
        ahead = np.asarray(weights + _MOMENTUM * velocity, np.float32)
        gradient = _gradient(ahead, rows, labels) + _L2_WEIGHT * (ahead - start)
        velocity = _MOMENTUM * velocity - _LEARNING_RATE * gradient
        weights = weights + velocity
    return np.asarray(weights, np.float32)


def _steps(rows: int, entries: int) -> int:
    return int(min(_MAX_STEPS, max(_MIN_STEPS, _MAX_OPERATIONS / (rows * entries))))


def _gradient(weights: Vectors, rows: Vectors, labels: Indices) -> Vectors:
    probabilities = softmax(rows @ weights.T)
    probabilities[np.arange(len(rows)), labels] -= 1.0
    return np.asarray(probabilities.T @ rows / len(rows), np.float32)
