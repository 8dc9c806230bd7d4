"""Fit a head to rows that each allow some emotions, with Adam, in NumPy."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.tone.cues import FloatArray
from workers.tone.emotions import EMOTIONS
from workers.tone.head import Head, softmax

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is fitted; chosen on GoEmotions/dev and by folds over our own examples."""

    units: int = 64
    heads: int = 3  # averaged; side by side they are one wider head
    epochs: int = 12
    rows: int = 256
    learning_rate: float = 2e-3
    decay: float = 1e-4
    input_dropout: float = 0.1
    unit_dropout: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a head is fitted to: [vector, cues] inputs, emotions allowed, weights."""

    inputs: FloatArray
    allowed: FloatArray
    weights: FloatArray

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        """Return some of the rows."""
        return Rows(self.inputs[places], self.allowed[places], self.weights[places])


class _Adam:
    def __init__(self, parameters: list[FloatArray]) -> None:
        self._parameters = parameters
        self._means = [np.zeros_like(p) for p in parameters]
        self._squares = [np.zeros_like(p) for p in parameters]
        self._steps = 0

    def step(self, gradients: list[FloatArray], rate: float) -> None:
        self._steps += 1
        for place, gradient in enumerate(gradients):
            mean, square = self._means[place], self._squares[place]
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            scale = np.sqrt(square / (1 - 0.999**self._steps)) + 1e-8
            self._parameters[place] -= rate * mean / (1 - 0.9**self._steps) / scale


def fit(rows: Rows, recipe: Recipe, encoder: str, progress: Progress = lambda _share: None) -> Head:
    """Fit heads of different seeds and return their average.

    `encoder` identifies what made the vectors.
    """
    mean, scale = rows.inputs.mean(axis=0), rows.inputs.std(axis=0) + 1e-3
    standard = Rows((rows.inputs - mean) / scale, rows.allowed, rows.weights)
    heads = []
    for seed in range(recipe.heads):
        heads.append(_fit_one(standard, recipe, np.random.default_rng(seed)))
        progress((seed + 1) / recipe.heads)
    return _side_by_side(heads, mean, scale, encoder)


def _fit_one(rows: Rows, recipe: Recipe, chance: np.random.Generator) -> list[FloatArray]:
    parameters = _initial(rows.inputs.shape[1], recipe.units, chance)
    adam = _Adam(parameters)
    batches = _batches(len(rows.inputs), recipe, chance)
    for step, places in enumerate(batches):
        gradients = _gradients(parameters, rows.at(places), recipe, chance)
        adam.step(gradients, recipe.learning_rate * (1 + np.cos(np.pi * step / len(batches))) / 2)
    return parameters


def _initial(inputs: int, units: int, chance: np.random.Generator) -> list[FloatArray]:
    shapes = [(inputs, units), (units, len(EMOTIONS))]
    first, last = ((chance.normal(size=s) / np.sqrt(s[0])).astype(np.float32) for s in shapes)
    return [first, np.zeros(units, np.float32), last, np.zeros(len(EMOTIONS), np.float32)]


def _batches(rows: int, recipe: Recipe, chance: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return every epoch's batches, all of one size; few rows make one batch."""
    size = min(recipe.rows, rows)
    return [
        batch
        for _ in range(recipe.epochs)
        for batch in np.split(chance.permutation(rows)[: rows // size * size], rows // size)
    ]


def _gradients(
    parameters: list[FloatArray], rows: Rows, recipe: Recipe, chance: np.random.Generator
) -> list[FloatArray]:
    """Return the gradients of -log(probability of all that a row allows)."""
    first, first_bias, last, last_bias = parameters
    inputs = rows.inputs * _kept(rows.inputs.shape, recipe.input_dropout, chance)
    raw = inputs @ first + first_bias
    mask = _kept(raw.shape, recipe.unit_dropout, chance) * (raw > 0)
    units = np.asarray(raw * mask, np.float32)
    believed = softmax(units @ last + last_bias)
    wanted = believed * rows.allowed
    wanted /= wanted.sum(axis=1, keepdims=True) + 1e-9
    errors = (believed - wanted) * (rows.weights / rows.weights.sum())[:, None]
    back = (errors @ last.T) * mask
    return [
        inputs.T @ back + recipe.decay * first,
        back.sum(axis=0),
        units.T @ errors + recipe.decay * last,
        errors.sum(axis=0),
    ]


def _kept(shape: tuple[int, ...], dropout: float, chance: np.random.Generator) -> FloatArray:
    kept = chance.random(shape, np.float32) >= dropout
    return (kept / np.float32(1 - dropout)).astype(np.float32)


def _side_by_side(
    heads: list[list[FloatArray]], mean: FloatArray, scale: FloatArray, encoder: str
) -> Head:
    """Join heads so that their logits are averaged, and take the standardisation in."""
    first = np.concatenate([head[0] for head in heads], axis=1) / scale[:, None]
    first_bias = np.concatenate([head[1] for head in heads]) - mean @ first
    last = np.concatenate([head[2] for head in heads]) / len(heads)
    last_bias = np.mean([head[3] for head in heads], axis=0)
    return Head(
        first.astype(np.float32),
        first_bias.astype(np.float32),
        last.astype(np.float32),
        last_bias.astype(np.float32),
        encoder,
    )


def join_inputs(vectors: FloatArray, cues: FloatArray) -> FloatArray:
    """Return what a head reads, [rows, dimension + cues]."""
    return np.concatenate([vectors, cues], axis=1)
