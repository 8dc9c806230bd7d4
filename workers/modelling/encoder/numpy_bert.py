"""BERT and MPNet in plain numpy, message by message: slow, and independent of TensorFlow's graph.

It is the reference for models that have no committed vectors.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.modelling.encoder.numpy_mpnet import score_biases
from workers.modelling.encoder.weights import BertConfig, Weights

Floats = NDArray[np.float32]

_erf = np.vectorize(math.erf, otypes=[np.float32])


def mean_vectors(
    config: BertConfig, weights: Weights, messages: Sequence[Sequence[int]], layers: int
) -> Floats:
    """Return the mean hidden state of each message after `layers` layers [messages, hidden]."""
    return np.stack([_states(config, weights, ids, layers).mean(0) for ids in messages])


def _states(config: BertConfig, weights: Weights, ids: Sequence[int], layers: int) -> Floats:
    states: Floats = weights["embeddings.word_embeddings.weight"][list(ids)]
    positions = weights["embeddings.position_embeddings.weight"][config.first_position :]
    states = states + positions[: len(ids)]
    if not config.is_mpnet:
        states = states + weights["embeddings.token_type_embeddings.weight"][0]
    states = _norm(config, weights, states, "embeddings.LayerNorm")
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        seen = _dense(
            weights, _attend(config, weights, states, name), f"{name}.attention.output.dense"
        )
        states = _norm(config, weights, states + seen, f"{name}.attention.output.LayerNorm")
        inner = _dense(weights, states, f"{name}.intermediate.dense")
        inner = inner * (1 + _erf(inner / math.sqrt(2))) / 2
        inner = _dense(weights, inner, f"{name}.output.dense")
        states = _norm(config, weights, states + inner, f"{name}.output.LayerNorm")
    return states


def _attend(config: BertConfig, weights: Weights, states: Floats, layer: str) -> Floats:
    query, key, value = (
        _dense(weights, states, f"{layer}.attention.self.{part}")
        for part in ("query", "key", "value")
    )
    biases = score_biases(weights, len(states)) if config.is_mpnet else None
    heads = []
    for head in range(config.num_attention_heads):
        part = slice(head * config.head_size, (head + 1) * config.head_size)
        scores = query[:, part] @ key[:, part].T / math.sqrt(config.head_size)
        if biases is not None:
            scores = scores + biases[head]
        shares = np.exp(scores - scores.max(1, keepdims=True))
        heads.append(shares / shares.sum(1, keepdims=True) @ value[:, part])
    return np.concatenate(heads, axis=1)


def _dense(weights: Weights, states: Floats, name: str) -> Floats:
    product: Floats = states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return product


def _norm(config: BertConfig, weights: Weights, states: Floats, name: str) -> Floats:
    centred: Floats = states - states.mean(-1, keepdims=True)
    spread: Floats = np.sqrt((centred**2).mean(-1, keepdims=True) + config.layer_norm_eps)
    normed: Floats = centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return normed
