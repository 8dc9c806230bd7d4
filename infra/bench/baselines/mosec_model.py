"""The encoder as a user of mosec has it: an ONNX graph of the same weights, in dynamic int8.

    python -m infra.bench.baselines.mosec_model FOLDER

Runs with the packages of requirements/mosec.txt alone. FOLDER holds what `export_for_mosec` wrote;
`model.onnx` and the base's vectors are written beside it.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

_OPSET, _IR_VERSION = 17, 8
_NO_ATTENTION = -10_000.0

Floats = NDArray[np.float32]


class Graph:
    """Nodes and constants of a graph as they are added."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add a node; return the name of its output."""
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def floats(self, *values: float) -> str:
        """Add float32 constants: a scalar if it is one."""
        return self.constant(np.array(values if len(values) > 1 else values[0], np.float32))

    def axes(self, *values: int) -> str:
        """Add int64 constants."""
        return self.constant(np.array(values, np.int64))

    def dense(self, states: str, name: str) -> str:
        """Multiply by a weight and add its bias."""
        product = self.add("MatMul", states, self.constant(self._weights[f"{name}.weight"].T))
        return self.add("Add", self.constant(self._weights[f"{name}.bias"]), product)

    def norm(self, states: str, name: str, epsilon: float) -> str:
        """Normalise the last axis."""
        scale, bias = (
            self.constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        return self.add("LayerNormalization", states, scale, bias, axis=-1, epsilon=epsilon)

    def model(self, output: str, dimension: int) -> Any:
        """Return the model: ids and mask [batch, tokens] in, vectors [batch, dimension] out."""
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        self._nodes.append(helper.make_node("Identity", [output], ["vectors"]))
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", dimension])
        graph = helper.make_graph(
            self._nodes, "encoder", inputs, [vectors], list(self._constants.values())
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )


def bert(config: Mapping[str, Any], weights: Mapping[str, Floats]) -> Any:
    """Return BERT with the mean of its tokens, of length 1."""
    graph = Graph(weights)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    away = graph.add("Sub", graph.floats(1.0), mask)
    bias = graph.add("Mul", away, graph.floats(_NO_ATTENTION))
    bias = graph.add("Unsqueeze", bias, graph.axes(1, 2))  # [batch, 1, 1, tokens]
    states = _embed(graph, config, weights)
    for layer in range(config["layers"]):
        states = _layer(graph, config, f"encoder.layer.{layer}", states, bias)
    return graph.model(_mean(graph, states, mask), config["hidden_size"])


def _embed(graph: Graph, config: Mapping[str, Any], weights: Mapping[str, Floats]) -> str:
    words = graph.add(
        "Gather", graph.constant(weights["embeddings.word_embeddings.weight"]), "input_ids"
    )
    # A text is one segment, so its type's row is added to every position's.
    places = (
        weights["embeddings.position_embeddings.weight"][: config["max_tokens"]]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    tokens = graph.add("Gather", graph.add("Shape", "input_ids"), graph.axes(1))
    used = graph.add("Slice", graph.constant(places), graph.axes(0), tokens, graph.axes(0))
    states = graph.add("Add", words, used)
    return graph.norm(states, "embeddings.LayerNorm", config["layer_norm_eps"])


def _layer(graph: Graph, config: Mapping[str, Any], name: str, states: str, bias: str) -> str:
    epsilon = config["layer_norm_eps"]
    seen = graph.dense(_attend(graph, config, name, states, bias), f"{name}.attention.output.dense")
    states = graph.norm(
        graph.add("Add", seen, states), f"{name}.attention.output.LayerNorm", epsilon
    )
    inner = _gelu(graph, graph.dense(states, f"{name}.intermediate.dense"))
    inner = graph.dense(inner, f"{name}.output.dense")
    return graph.norm(graph.add("Add", inner, states), f"{name}.output.LayerNorm", epsilon)


def _attend(graph: Graph, config: Mapping[str, Any], name: str, states: str, bias: str) -> str:
    heads, size = config["heads"], config["hidden_size"] // config["heads"]
    split, joined = graph.axes(0, 0, heads, size), graph.axes(0, 0, heads * size)

    def part(which: str, order: Sequence[int]) -> str:
        dense = graph.dense(states, f"{name}.attention.self.{which}")
        return graph.add("Transpose", graph.add("Reshape", dense, split), perm=order)

    query, value = part("query", (0, 2, 1, 3)), part("value", (0, 2, 1, 3))
    scores = graph.add("MatMul", query, part("key", (0, 2, 3, 1)))
    scores = graph.add("Div", scores, graph.floats(size**0.5))
    shares = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
    seen = graph.add("Transpose", graph.add("MatMul", shares, value), perm=(0, 2, 1, 3))
    return graph.add("Reshape", seen, joined)


def _gelu(graph: Graph, states: str) -> str:
    """Write GELU as exporters do: ONNX Runtime knows the pattern and fuses it."""
    bell = graph.add("Erf", graph.add("Div", states, graph.floats(2**0.5)))
    whole = graph.add("Mul", states, graph.add("Add", bell, graph.floats(1.0)))
    return graph.add("Mul", whole, graph.floats(0.5))


def _mean(graph: Graph, states: str, mask: str) -> str:
    wide = graph.add("Unsqueeze", mask, graph.axes(2))
    total = graph.add("ReduceSum", graph.add("Mul", states, wide), graph.axes(1), keepdims=0)
    count = graph.add("ReduceSum", wide, graph.axes(1), keepdims=0)
    mean = graph.add("Div", total, count)
    length = graph.add("ReduceL2", mean, axes=[1], keepdims=1)
    return graph.add("Div", mean, length)


def open_session(model: Path) -> Any:
    """Return a session of one thread: there is a process for each processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def read_tokenizer(folder: Path, max_tokens: int) -> Any:
    """Return the built model's tokeniser, which pads to the longest text of a batch."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding()
    return tokenizer


def embed(session: Any, tokenizer: Any, texts: Sequence[str]) -> Floats:
    """Return a vector of length 1 for each text."""
    encodings = tokenizer.encode_batch(list(texts))
    inputs = {
        "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
        "attention_mask": np.array([encoding.attention_mask for encoding in encodings], np.int64),
    }
    vectors: Floats = session.run(["vectors"], inputs)[0]
    return vectors


def main(folder: Path) -> None:
    """Write the quantised model, and the vectors of the base's phrasings."""
    config = json.loads((folder / "config.json").read_text())
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        onnx.save(bert(config, dict(weights)), folder / "float.onnx")
    quantize_dynamic(
        folder / "float.onnx",
        folder / "model.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,  # a scale for each tensor costs as much and is worse: cosine 0.96
        reduce_range=not config["vnni"],  # as ONNX Runtime advises: 16 bits would overflow
    )
    for large in ("weights.npz", "float.onnx"):
        (folder / large).unlink()
    session = open_session(folder / "model.onnx")
    tokenizer = read_tokenizer(folder, config["max_tokens"])
    phrasings = json.loads((folder / "phrasings.json").read_text())
    rows = [embed(session, tokenizer, [text]) for text, _ in phrasings]
    np.save(folder / "vectors.npy", np.concatenate(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
