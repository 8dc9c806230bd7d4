"""Nodes and constants of an ONNX graph as they are added. Importing this module loads onnx."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET, _IR_VERSION = 17, 8
_RUNTIME_DOMAIN = "com.microsoft"  # of ONNX Runtime's own operators
FLOAT, INT32 = TensorProto.FLOAT, TensorProto.INT32


class Nodes:
    """A graph that grows; what `add` and the constants return are names of values."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add a node with one output."""
        return self._add(operator, inputs, 1, "", attributes)[0]

    def split(self, operator: str, *inputs: str, outputs: int, **attributes: object) -> list[str]:
        """Add a node with several outputs."""
        return self._add(operator, inputs, outputs, "", attributes)

    def own(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add a node of an operator that ONNX Runtime alone has."""
        return self._add(operator, inputs, 1, _RUNTIME_DOMAIN, attributes)[0]

    def _add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int,
        domain: str,
        attributes: Mapping[str, object],
    ) -> list[str]:
        names = [f"{operator}_{len(self._nodes)}_{index}" for index in range(outputs)]
        node = helper.make_node(operator, inputs, names, domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """Add an array or a scalar of its own type."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        if np.ndim(value) == 0:  # which `ascontiguousarray` makes a vector
            self._constants[-1].ClearField("dims")
        return name

    def number(self, value: float) -> str:
        """Add a float32."""
        return self.constant(np.float32(value))

    def axes(self, *values: int) -> str:
        """Add a vector of int64: axes, or a shape."""
        return self.constant(np.array(values, np.int64))

    def model(self, inputs: dict[str, list[str]], outputs: dict[str, tuple[str, list[Any]]]) -> Any:
        """Return the model: int32 inputs and their sizes, outputs as a value and its sizes."""
        for name, (value, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [info(name, INT32, sizes) for name, sizes in inputs.items()],
            [info(name, FLOAT, sizes) for name, (_, sizes) in outputs.items()],
            self._constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME_DOMAIN, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model
