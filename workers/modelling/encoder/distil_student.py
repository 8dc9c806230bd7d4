"""The student in TensorFlow: BERT with trainable weights, taught by a matrix of similarities.

Importing this module loads TensorFlow.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from workers.engines.engine import TokenBatch
from workers.engines.layout import MAX_TOKENS
from workers.modelling.encoder.arranged import graph_weights
from workers.modelling.encoder.bert import BertEncoder
from workers.modelling.encoder.weights import BertConfig, Weights

Floats = NDArray[np.float32]

_FAR = -1e9  # logit of a text with itself, which is no news
_EMBED_BATCH = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a student is taught; docs/model-card.md has what it gave.

    `passes`: how often each text is read, on average. `weight`: the student's share in the average
    with the weights that it began with. `noisy`: share of texts that are made noisy for it.
    """

    batch_size: int = 256
    passes: float = 6.0
    rate: float = 3e-4
    warm_up: float = 0.1  # of all steps
    decay: float = 0.01
    weight: float = 0.75
    noisy: float = 0.5
    squares: float = 10.0
    divergence: float = 0.5
    temperature: float = 0.05
    max_tokens: int = 64
    checkpoint_seconds: float = 60.0
    seed: int = 0

    def steps(self, texts: int) -> int:
        """Return how many batches this many texts take."""
        return math.ceil(self.passes * texts / min(self.batch_size, texts))


class Student:
    """A BERT encoder that learns; `checkpoint` writes and `resume` reads all of its state."""

    def __init__(self, config: BertConfig, weights: Weights, recipe: Recipe, steps: int) -> None:
        self._config = config
        self._start = weights
        self._recipe = recipe
        self._encoder = BertEncoder(config, weights, config.num_hidden_layers, normalise=True)
        self._variables = self._encoder.variables
        self._optimizer = _optimizer(recipe, steps, self._variables)
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._state = tf.train.Checkpoint(
            encoder=self._encoder, optimizer=self._optimizer, step=self._step
        )
        self._learn = tf.function(
            self._learn_batch,
            input_signature=[
                tf.TensorSpec([None, None], tf.int32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, None], tf.float32),
            ],
        )

    @property
    def step(self) -> int:
        """Return how many batches it has learnt."""
        return int(self._step.numpy())

    def learn(self, batch: TokenBatch, teacher: Floats) -> float:
        """Learn one batch from the teacher's vectors [rows, any dimension]; return the loss."""
        return float(self._learn(batch.ids, batch.lengths, teacher).numpy())

    def checkpoint(self, folder: Path) -> None:
        """Write the state beside the last one, which goes when this one is whole."""
        self._manager(folder).save(checkpoint_number=self.step)

    def resume(self, folder: Path) -> bool:
        """Take the last state that was written; return whether there is one."""
        return self._manager(folder).restore_or_initialize() is not None

    def weights(self) -> dict[str, Floats]:
        """Return the weights under their BERT names."""
        named = {_name(variable): variable.numpy() for variable in self._variables}
        return dict(self._start) | bert_weights(self._config, named, self._start)

    def _manager(self, folder: Path) -> Any:
        return tf.train.CheckpointManager(self._state, str(folder), max_to_keep=1)

    def _learn_batch(self, ids: Any, lengths: Any, teacher: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._variables)
            loss = similarity_loss(self._encoder.padded(ids, lengths), teacher, self._recipe)
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))
        self._step.assign_add(1)
        return loss


def similarity_loss(student: Any, teacher: Any, recipe: Recipe) -> Any:
    """Compare the similarities among a batch's texts: squared error, and divergence of nearness.

    Both are [rows, dimension] of length 1; the dimensions may differ.
    """
    learnt = tf.matmul(student, student, transpose_b=True)
    wanted = tf.matmul(teacher, teacher, transpose_b=True)
    itself = tf.eye(tf.shape(learnt)[0])
    others = 1.0 - itself
    squares = tf.reduce_sum(others * tf.square(learnt - wanted)) / tf.reduce_sum(others)
    near, nearest = (
        tf.nn.log_softmax(matrix / recipe.temperature + _FAR * itself)
        for matrix in (learnt, wanted)
    )
    divergences = tf.reduce_sum(others * tf.exp(nearest) * (nearest - near), -1)
    return recipe.squares * squares + recipe.divergence * tf.reduce_mean(divergences)


def bert_weights(
    config: BertConfig, arranged: Mapping[str, Floats], start: Weights
) -> dict[str, Floats]:
    """Return what `graph_weights` arranged under BERT's names again."""
    types = start.get("embeddings.token_type_embeddings.weight", np.zeros((1, 1), np.float32))
    positions = start["embeddings.position_embeddings.weight"].copy()
    positions[:MAX_TOKENS] = arranged["positions"] - types[:1]
    found: dict[str, Floats] = {
        "embeddings.word_embeddings.weight": arranged["words"],
        "embeddings.position_embeddings.weight": positions,
    }
    for key in graph_weights(config, start, config.num_hidden_layers):
        if key in ("words", "positions"):
            continue
        value = arranged[key.replace(".", "_")]
        if ".self." in key:
            found |= _attention_parts(config, key, value)
        else:
            found[key] = value.T if key.endswith("dense.weight") else value
    return {name: np.ascontiguousarray(value) for name, value in found.items()}


def embed(config: BertConfig, weights: Weights, rows: Sequence[Sequence[int]]) -> Floats:
    """Return the vectors of token rows, in order [rows, hidden]."""
    encoder = BertEncoder(config, weights, config.num_hidden_layers, normalise=True)
    vectors = np.empty((len(rows), config.hidden_size), np.float32)
    order = np.argsort([len(row) for row in rows], kind="stable")
    for first in range(0, len(rows), _EMBED_BATCH):
        part = order[first : first + _EMBED_BATCH]
        batch = TokenBatch.of([rows[index] for index in part])
        vectors[part] = encoder.padded(tf.constant(batch.ids), tf.constant(batch.lengths)).numpy()
    return vectors


def _attention_parts(config: BertConfig, key: str, value: Floats) -> dict[str, Floats]:
    name, kind = key.rsplit(".", 1)
    scale = np.float32(config.head_size**0.5)  # of the query: see bert.py
    query, keys, values = np.split(value, 3, -1)
    parts = {"query": query * scale, "key": keys, "value": values}
    return {f"{name}.{part}.{kind}": each.T for part, each in parts.items()}


def _optimizer(recipe: Recipe, steps: int, variables: Sequence[Any]) -> Any:
    warm_up = max(1, round(recipe.warm_up * steps))
    schedule = tf.keras.optimizers.schedules.PolynomialDecay(recipe.rate, steps, 0.0)
    rate = _WarmUp(schedule, warm_up)
    optimizer = tf.keras.optimizers.AdamW(rate, recipe.decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "LayerNorm"])
    optimizer.build(variables)
    return optimizer


class _WarmUp(tf.keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc] # no types
    """Another schedule, risen to in equal steps."""

    def __init__(self, schedule: Any, steps: int) -> None:
        super().__init__()
        self._schedule = schedule
        self._steps = steps

    def __call__(self, step: Any) -> Any:
        share = tf.minimum(1.0, (tf.cast(step, tf.float32) + 1.0) / self._steps)
        return share * self._schedule(step)


def _name(variable: Any) -> str:
    name: str = variable.name
    return name.split(":")[0]
