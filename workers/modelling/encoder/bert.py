"""BERT in plain TensorFlow operations, as Hugging Face computes it (exact erf GELU).

The graph reads packed sequences (workers/engines/packing.py):

    packed(ids, positions, segments: int32 [rows, tokens]) -> vectors [rows, slots, hidden]
    serving_default(ids: int32 [rows, tokens], lengths: int32 [rows]) -> vectors [rows, hidden]

A token sees the tokens of its own segment; segment s of a row is pooled (mean) into slot s; padding
has segment -1. `serving_default` takes one message a row. Importing this module loads TensorFlow.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from workers.engines.packing import EMPTY, TOKENS_PER_SLOT, slots
from workers.modelling.encoder.arranged import graph_weights
from workers.modelling.encoder.weights import BertConfig, Weights

_FAR = np.float32(-1e9)  # attention score of a token that must not be seen
_NO_SEGMENT = EMPTY - 1  # of a padded key: no token attends to it

# XNNPACK's softmax adds up whole tiles of 32 floats in one order with AVX2, and what is left over
# in another, which int8 rounding then magnifies. Up to 16 floats both orders are the same, and so
# are they with AVX-512: see docs/experiments/batch-invariance.md.
_SOFTMAX_TILE, _ANY_ORDER = 32, 16


class BertEncoder(tf.Module):  # type: ignore[misc] # TensorFlow has no types
    """The first `layers` layers, mean pooling, and L2 normalisation if asked for.

    `precision` is what matrix products are computed in; all else stays float32.
    """

    def __init__(
        self, config: BertConfig, weights: Weights, layers: int, *, normalise: bool
    ) -> None:
        super().__init__()
        self._config = config
        self._layers = layers
        self._normalise = normalise
        self._variables = {
            name: tf.Variable(value, trainable=False, name=name.replace(".", "_"))
            for name, value in graph_weights(config, weights, layers).items()
        }

    def packed(self, ids: Any, positions: Any, segments: Any, precision: Any = tf.float32) -> Any:
        """Return vectors [rows, slots, hidden]; what an empty slot holds means nothing."""
        rows, tokens = sizes(ids)
        states = self._states(ids, positions, segments, precision)
        count = (
            slots(tokens) if isinstance(tokens, int) else tf.maximum(tokens // TOKENS_PER_SLOT, 1)
        )
        members = segments[:, None, :] == tf.range(count, dtype=tf.int32)[None, :, None]
        return self._pool(tf.cast(members, tf.float32), tf.reshape(states, [rows, tokens, -1]))

    def padded(self, ids: Any, lengths: Any) -> Any:
        """Return vectors [rows, hidden] of one message a row."""
        rows, tokens = sizes(ids)
        positions = tf.broadcast_to(tf.range(tokens, dtype=tf.int32)[None, :], [rows, tokens])
        inside = positions < lengths[:, None]
        states = self._states(ids, positions, tf.where(inside, 0, EMPTY), tf.float32)
        members = tf.cast(inside[:, None, :], tf.float32)
        return self._pool(members, tf.reshape(states, [rows, tokens, -1]))[:, 0]

    def _states(self, ids: Any, positions: Any, segments: Any, precision: Any) -> Any:
        states = tf.gather(self._variables["words"], ids)
        states += tf.gather(self._variables["positions"], positions)
        states = self._norm(states, "embeddings.LayerNorm")
        states = tf.reshape(states, [-1, self._config.hidden_size])
        bias = self._bias(segments)
        for layer in range(self._layers):
            states = self._layer(states, bias, f"encoder.layer.{layer}.", precision)
        return states

    def _bias(self, segments: Any) -> Any:
        """Return what is added to every layer's scores [rows, heads or 1, tokens, keys]."""
        keys = whole_tile(segments, 1, _NO_SEGMENT)
        return tf.where(segments[:, None, :, None] == keys[:, None, None, :], 0.0, _FAR)

    def _layer(self, states: Any, bias: Any, prefix: str, precision: Any) -> Any:
        seen = self._attend(states, bias, prefix, precision)
        seen = self._dense(seen, f"{prefix}attention.output.dense", precision)
        states = self._norm(states + seen, f"{prefix}attention.output.LayerNorm")
        inner = self._dense(states, f"{prefix}intermediate.dense", precision)
        inner = tf.nn.gelu(inner, approximate=False)
        inner = self._dense(inner, f"{prefix}output.dense", precision)
        return self._norm(states + inner, f"{prefix}output.LayerNorm")

    def _attend(self, states: Any, bias: Any, prefix: str, precision: Any) -> Any:
        rows, tokens = sizes(bias[:, 0, :, 0])
        heads = [rows, tokens, self._config.num_attention_heads, self._config.head_size]
        joint = self._dense(states, f"{prefix}attention.self", precision)
        queries, keys, values = (
            tf.transpose(tf.reshape(part, heads), [0, 2, 1, 3]) for part in tf.split(joint, 3, -1)
        )
        keys, values = whole_tile(keys, 2, 0), whole_tile(values, 2, 0)
        scores = _product(queries, keys, precision, transpose_b=True) + bias
        seen = _product(tf.nn.softmax(scores), values, precision)
        return tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [-1, self._config.hidden_size])

    def _dense(self, states: Any, name: str, precision: Any) -> Any:
        product = _product(states, self._variables[f"{name}.weight"], precision)
        return product + self._variables[f"{name}.bias"]

    def _norm(self, states: Any, name: str) -> Any:
        centred = states - tf.reduce_mean(states, -1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
        scale = tf.math.rsqrt(variance + self._config.layer_norm_eps)
        # In this order: LiteRT would fold a last product with constants into the next layer's
        # weights, whose outliers then cost the int8 vectors (docs/experiments/large-encoder.md).
        scaled = centred * self._variables[f"{name}.weight"] * scale
        return scaled + self._variables[f"{name}.bias"]

    def _pool(self, members: Any, states: Any) -> Any:
        counts = tf.maximum(tf.reduce_sum(members, -1, keepdims=True), 1.0)
        vectors = tf.matmul(members, states) / counts
        return tf.math.l2_normalize(vectors, -1, 1e-12) if self._normalise else vectors


def _product(left: Any, right: Any, precision: Any, *, transpose_b: bool = False) -> Any:
    if precision == tf.float32:
        return tf.matmul(left, right, transpose_b=transpose_b)
    product = tf.matmul(
        tf.cast(left, precision), tf.cast(right, precision), transpose_b=transpose_b
    )
    return tf.cast(product, tf.float32)


def whole_tile(keys: Any, axis: int, filling: int) -> Any:
    """Pad the keys of an attention so that their softmax has one order of adding up."""
    # Tensors of free width run on TensorFlow alone, whose sums are float32 throughout.
    count = keys.shape[axis]
    if count is None or not _ANY_ORDER < count < _SOFTMAX_TILE:
        return keys
    paddings = [[0, 0] for _ in keys.shape]
    paddings[axis][1] = _SOFTMAX_TILE - count
    return tf.pad(keys, paddings, constant_values=filling)


def sizes(tensor: Any) -> tuple[Any, Any]:
    """Return rows and tokens, as plain numbers if they are fixed: LiteRT converts nothing else."""
    dynamic = tf.shape(tensor)
    rows, tokens = tensor.shape
    return (
        rows if rows is not None else dynamic[0],
        tokens if tokens is not None else dynamic[1],
    )
