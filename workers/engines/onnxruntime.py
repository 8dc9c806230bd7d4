"""ONNX Runtime, for CPU workers on processors where its products of bytes are the fastest."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.engines import layout
from workers.engines.engine import Shape
from workers.engines.grid_engine import GridEngine
from workers.engines.layout import EncoderName
from workers.engines.manifest import read_manifest
from workers.engines.packing import InputTensors


class OnnxEngine(GridEngine):
    """Runs an .onnx file of free shape: one copy of the weights serves all shapes.

    One call at a time, from any thread; its threads sleep between calls.
    """

    def __init__(self, model_dir: Path, encoder: EncoderName, threads: int = 1) -> None:
        manifest = read_manifest(model_dir)
        super().__init__("onnx-int8", manifest.hidden_size, layout.ONNX_SHAPES, manifest.max_tokens)
        self._path = layout.onnx(model_dir, encoder)
        self._threads = threads
        self._session: Any = None

    def _load(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(self._path), options, providers=["CPUExecutionProvider"]
        )

    def _run_packed(self, tensors: InputTensors, shape: Shape) -> NDArray[np.float32]:
        inputs = {
            "ids": tensors.ids,
            "positions": tensors.positions,
            "segments": tensors.segments,
        }
        (vectors,) = self._session.run(["vectors"], inputs)
        result: NDArray[np.float32] = vectors
        return result
