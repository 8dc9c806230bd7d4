"""Fit a head to rows that each allow some emotions, with Keras."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.engines.tensorflow import load_tensorflow
from workers.tone.cues import FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head

Progress = Callable[[float], None]

_TONES = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS], np.float32)
_MASKED = -1e9  # logit of an emotion that a row does not allow


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is fitted; chosen on GoEmotions/dev and by folds over our own examples."""

    units: int = 64
    heads: int = 3  # averaged; side by side they are one wider head
    epochs: int = 12
    batch_size: int = 256
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

    def at(self, indices: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        """Return some of the rows."""
        return Rows(self.inputs[indices], self.allowed[indices], self.weights[indices])


def fit(rows: Rows, recipe: Recipe, encoder: str, progress: Progress = lambda _share: None) -> Head:
    """Fit heads of different seeds and return their average; equal rows give an equal head.

    `encoder` identifies what made the vectors. Loads TensorFlow.
    """
    tf = load_tensorflow(threads=1)
    tf.config.experimental.enable_op_determinism()
    mean, scale = rows.inputs.mean(axis=0), rows.inputs.std(axis=0) + 1e-3
    standard = Rows((rows.inputs - mean) / scale, rows.allowed, rows.weights)
    heads = []
    for seed in range(recipe.heads):
        heads.append(_fit_one(tf, standard, recipe, seed))
        progress((seed + 1) / recipe.heads)
    return _side_by_side(heads, mean, scale, tone_shares(rows), encoder)


def _fit_one(tf: Any, rows: Rows, recipe: Recipe, seed: int) -> list[FloatArray]:
    """Return hidden weights and bias, output weights and bias."""
    keras = tf.keras
    keras.utils.set_random_seed(seed)
    kernels = {
        "kernel_initializer": "lecun_normal",
        "kernel_regularizer": keras.regularizers.L2(recipe.decay / 2),  # gradient: decay × weight
    }
    layers = [
        keras.Input((rows.inputs.shape[1],)),
        keras.layers.Dropout(recipe.input_dropout),
        keras.layers.Dense(recipe.units, "relu", **kernels),
        keras.layers.Dropout(recipe.unit_dropout),
        keras.layers.Dense(len(EMOTIONS), **kernels),
    ]
    batches = _batches(len(rows.inputs), recipe, np.random.default_rng(seed))
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, len(batches))
    model = keras.Sequential(layers)
    model.compile(
        keras.optimizers.Adam(rate),
        _allowed_loss(keras.ops),
        jit_compile=False,
        steps_per_execution=min(64, len(batches)),  # Python would take most of a step's time
    )
    model.fit(_dataset(tf, rows, batches), shuffle=False, verbose=0)
    weights: list[FloatArray] = model.get_weights()
    return weights


def _batches(rows: int, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return every epoch's batches [steps, rows], all of one size; few rows make one batch."""
    size = min(recipe.batch_size, rows)
    orders = [rng.permutation(rows)[: rows // size * size] for _ in range(recipe.epochs)]
    return np.concatenate(orders).reshape(-1, size)


def _dataset(tf: Any, rows: Rows, batches: NDArray[np.intp]) -> Any:
    """Yield inputs, emotions allowed and weights of each batch; weights have a mean of 1."""
    columns = [tf.constant(each) for each in (rows.inputs, rows.allowed, rows.weights)]

    def batch(indices: Any) -> tuple[Any, Any, Any]:
        inputs, allowed, weights = (tf.gather(column, indices) for column in columns)
        return inputs, allowed, weights / tf.reduce_mean(weights)

    return tf.data.Dataset.from_tensor_slices(batches).map(batch)


def _allowed_loss(ops: Any) -> Callable[[Any, Any], Any]:
    """Return -log(probability of all that a row allows), from logits."""

    def loss(allowed: Any, logits: Any) -> Any:
        wanted = ops.where(allowed > 0, logits, _MASKED)
        return ops.logsumexp(logits, axis=-1) - ops.logsumexp(wanted, axis=-1)

    return loss


def tone_shares(rows: Rows) -> FloatArray:
    """Return the share of each of LABELS by weight; a row of several tones counts in parts."""
    tones = rows.allowed @ _TONES
    parts = tones / tones.sum(axis=1, keepdims=True)
    shares = (parts * rows.weights[:, None]).sum(axis=0) / rows.weights.sum()
    return np.asarray(shares, np.float32)


def _side_by_side(
    heads: list[list[FloatArray]],
    mean: FloatArray,
    scale: FloatArray,
    shares: FloatArray,
    encoder: str,
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
        shares,
        encoder,
    )


def join_inputs(vectors: FloatArray, cues: FloatArray) -> FloatArray:
    """Return what a head reads, [rows, dimension + cues]."""
    return np.concatenate([vectors, cues], axis=1)
