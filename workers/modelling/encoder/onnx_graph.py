"""The encoder in ONNX Runtime's operators, with products of bytes, for processors without VNNI.

Reads and gives what BertEncoder's `packed` does, for any rows and tokens. Activations are
quantised row by row as they come, so batch mates change no scale. Weights have 7 bits: with AVX2
two products of bytes are added in 16 bits, which 8-bit weights would overflow. Importing this
module loads onnx.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.engines.layout import MAX_TOKENS
from workers.engines.packing import TOKENS_PER_SLOT
from workers.modelling.encoder.arranged import graph_weights
from workers.modelling.encoder.distances import distance_biases
from workers.modelling.encoder.onnx_nodes import FLOAT, INT32, Nodes
from workers.modelling.encoder.weights import RELATIVE_BIAS, BertConfig, Weights

_WEIGHT_STEPS = 63  # to each side of zero
_ACTIVATION_STEPS = 127
_ZERO = 128  # what stands for zero in an unsigned byte
_TINY = 1e-9
_FAR = -1e9

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Quantised activations [tokens, elements] and the step of each token [tokens, 1]."""

    values: str
    steps: str


def encoder_graph(config: BertConfig, weights: Weights, layers: int, *, normalise: bool) -> bytes:
    """Return an ONNX file of the first `layers` layers, mean pooling, and L2 normalisation."""
    return _Graph(config, weights, layers).build(normalise=normalise)


class _Graph:
    """Builds one encoder; values are named by the nodes that make them."""

    def __init__(self, config: BertConfig, weights: Weights, layers: int) -> None:
        self._config = config
        self._layers = layers
        self._weights = graph_weights(config, weights, layers)
        self._distances = weights.get(RELATIVE_BIAS) if config.is_mpnet else None
        self._nodes = Nodes()
        self._sizes = self._nodes.add("Shape", "ids")  # [rows, tokens]

    def build(self, *, normalise: bool) -> bytes:
        states, bias = self._embed(), self._bias()
        for layer in range(self._layers):
            states = self._layer(states, bias, f"encoder.layer.{layer}.")
        vectors = self._pool(states)
        if normalise:
            vectors = self._normalise(vectors)
        sizes: list[str] = ["rows", "tokens"]
        inputs = dict.fromkeys(("ids", "positions", "segments"), sizes)
        outputs = {"vectors": (vectors, ["rows", "slots", self._config.hidden_size])}
        model: Any = self._nodes.model(inputs, outputs)
        content: bytes = model.SerializeToString()
        return content

    def _embed(self) -> str:
        nodes = self._nodes
        steps, words = _quantise(self._weights["words"], axis=1, most=_ACTIVATION_STEPS)
        taken = nodes.add("Cast", nodes.add("Gather", nodes.constant(words), "ids"), to=FLOAT)
        taken = nodes.add("Mul", taken, nodes.add("Gather", nodes.constant(steps), "ids"))
        places = nodes.add("Gather", nodes.constant(self._weights["positions"]), "positions")
        states = nodes.add("Reshape", nodes.add("Add", taken, places), self._flat())
        return self._norm(states, "embeddings.LayerNorm")

    def _bias(self) -> str:
        """Return what is added to every layer's scores [rows, heads or 1, tokens, tokens]."""
        nodes = self._nodes
        here, there = (nodes.add("Unsqueeze", "segments", nodes.axes(axis)) for axis in (2, 1))
        seen = nodes.add("Equal", here, there)
        bias = nodes.add("Where", seen, nodes.number(0), nodes.number(_FAR))
        bias = nodes.add("Unsqueeze", bias, nodes.axes(1))
        if self._distances is None:
            return bias
        return nodes.add("Add", bias, self._by_distance(self._distances))

    def _by_distance(self, bucket_biases: Floats) -> str:
        nodes = self._nodes
        places = self._count_up(self._size(1))
        here, there = (nodes.add("Unsqueeze", places, nodes.axes(axis)) for axis in (1, 0))
        away = nodes.add("Sub", there, here)
        limits = (nodes.constant(np.int64(limit)) for limit in (1 - MAX_TOKENS, MAX_TOKENS - 1))
        away = nodes.add("Clip", away, *limits)
        away = nodes.add("Add", away, nodes.constant(np.int64(MAX_TOKENS - 1)))
        biases = nodes.constant(distance_biases(bucket_biases, MAX_TOKENS))
        return nodes.add("Transpose", nodes.add("Gather", biases, away), perm=[2, 0, 1])

    def _layer(self, states: str, bias: str, prefix: str) -> str:
        nodes = self._nodes
        joint = self._biased(self._quantised(states), f"{prefix}attention.self")
        seen = self._attend(joint, bias)
        seen = self._biased(self._quantised(seen), f"{prefix}attention.output.dense")
        states = self._norm(nodes.add("Add", seen, states), f"{prefix}attention.output.LayerNorm")
        inner = self._product(self._quantised(states), f"{prefix}intermediate.dense")
        width = nodes.constant(self._weights[f"{prefix}intermediate.dense.bias"])
        inner = nodes.own("BiasGelu", inner, width)  # exact
        inner = self._biased(self._quantised(inner), f"{prefix}output.dense")
        return self._norm(nodes.add("Add", inner, states), f"{prefix}output.LayerNorm")

    def _attend(self, joint: str, bias: str) -> str:
        nodes, heads = self._nodes, self._config.num_attention_heads
        parts = nodes.add("Concat", self._sizes, nodes.axes(3, heads, -1), axis=0)
        by_part = nodes.add("Transpose", nodes.add("Reshape", joint, parts), perm=[2, 0, 3, 1, 4])
        queries, keys, values = (
            nodes.add("Squeeze", part, nodes.axes(0))
            for part in nodes.split("Split", by_part, nodes.axes(1, 1, 1), outputs=3, axis=0)
        )
        keys = nodes.add("Transpose", keys, perm=[0, 1, 3, 2])
        scores = nodes.add("Add", nodes.add("MatMul", queries, keys), bias)
        seen = nodes.add("Transpose", self._mix(scores, values), perm=[0, 2, 1, 3])
        return nodes.add("Reshape", seen, self._flat())

    def _mix(self, scores: str, values: str) -> str:
        """Return the values' means, weighted by the softmax of the scores.

        Sums like a product, one token after the other, in which unseen tokens add exact zeros: so
        neither a row's width nor a message's place in it changes a bit. Softmax would add up lanes
        of a vector, and int8 magnifies the last bit (docs/experiments/batch-invariance.md).
        """
        nodes = self._nodes
        largest = nodes.add("ReduceMax", scores, axes=[-1], keepdims=1)
        shares = nodes.add("Exp", nodes.add("Sub", scores, largest))
        ones = nodes.add("Expand", nodes.number(1), self._column(values))
        summed = nodes.add("MatMul", shares, nodes.add("Concat", values, ones, axis=-1))
        sizes = nodes.axes(self._config.head_size, 1)
        sums, total = nodes.split("Split", summed, sizes, outputs=2, axis=-1)
        return nodes.add("Div", sums, total)

    def _column(self, values: str) -> str:
        """Return the shape of one element of each of `values` [rows, heads, tokens, size]."""
        nodes = self._nodes
        shape = nodes.add("Shape", values)
        outer = nodes.add("Slice", shape, nodes.axes(0), nodes.axes(3))
        return nodes.add("Concat", outer, nodes.axes(1), axis=0)

    def _quantised(self, states: str) -> _Rows:
        nodes = self._nodes
        largest = nodes.add("ReduceMax", nodes.add("Abs", states), axes=[-1], keepdims=0)
        steps = nodes.add("Mul", largest, nodes.number(1 / _ACTIVATION_STEPS))
        steps = nodes.add("Max", steps, nodes.number(_TINY))
        count = nodes.add("Shape", steps)
        zeros = nodes.add("Expand", nodes.constant(np.uint8(_ZERO)), count)
        values = nodes.add("QuantizeLinear", states, steps, zeros, axis=0)
        return _Rows(values, nodes.add("Unsqueeze", steps, nodes.axes(1)))

    def _product(self, rows: _Rows, name: str) -> str:
        nodes = self._nodes
        steps, weights = _quantise(self._weights[f"{name}.weight"], axis=0, most=_WEIGHT_STEPS)
        product = nodes.own(
            "MatMulIntegerToFloat",
            rows.values,
            nodes.constant(weights),
            nodes.number(1),
            nodes.constant(steps),
            nodes.constant(np.uint8(_ZERO)),
            nodes.constant(np.int8(0)),
        )
        return nodes.add("Mul", product, rows.steps)

    def _biased(self, rows: _Rows, name: str) -> str:
        product = self._product(rows, name)
        return self._nodes.add("Add", product, self._nodes.constant(self._weights[f"{name}.bias"]))

    def _norm(self, states: str, name: str) -> str:
        scale, shift = (
            self._nodes.constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        epsilon = self._config.layer_norm_eps
        return self._nodes.add("LayerNormalization", states, scale, shift, axis=-1, epsilon=epsilon)

    def _pool(self, states: str) -> str:
        """Return the mean of each segment's states [rows, slots, hidden]."""
        nodes = self._nodes
        slots = nodes.add("Div", self._size(1), nodes.constant(np.int64(TOKENS_PER_SLOT)))
        slots = nodes.add("Max", slots, nodes.constant(np.int64(1)))
        slot = nodes.add("Cast", self._count_up(slots), to=INT32)
        slot = nodes.add("Unsqueeze", slot, nodes.axes(0, 2))
        members = nodes.add("Equal", nodes.add("Unsqueeze", "segments", nodes.axes(1)), slot)
        members = nodes.add("Cast", members, to=FLOAT)
        counts = nodes.add("ReduceSum", members, nodes.axes(2), keepdims=1)
        counts = nodes.add("Max", counts, nodes.number(1))
        hidden = nodes.axes(self._config.hidden_size)
        states = nodes.add("Reshape", states, nodes.add("Concat", self._sizes, hidden, axis=0))
        return nodes.add("Div", nodes.add("MatMul", members, states), counts)

    def _normalise(self, vectors: str) -> str:
        nodes = self._nodes
        lengths = nodes.add("ReduceL2", vectors, axes=[2], keepdims=1)
        return nodes.add("Div", vectors, nodes.add("Max", lengths, nodes.number(1e-6)))

    def _size(self, axis: int) -> str:
        return self._nodes.add("Gather", self._sizes, self._nodes.constant(np.int64(axis)))

    def _count_up(self, count: str) -> str:
        zero, one = (self._nodes.constant(np.int64(number)) for number in (0, 1))
        return self._nodes.add("Range", zero, count, one)

    def _flat(self) -> str:
        return self._nodes.axes(-1, self._config.hidden_size)


def _quantise(weights: Floats, *, axis: int, most: int) -> tuple[Floats, NDArray[np.int8]]:
    """Return the steps along `axis` and the weights in whole steps, at most `most` either way."""
    largest = np.abs(weights).max(axis=axis, keepdims=True)
    steps = np.maximum(largest / most, np.float32(_TINY)).astype(np.float32)
    whole = np.clip(np.rint(weights / steps), -most, most).astype(np.int8)
    return steps if axis == 1 else steps[0], whole
