"""LiteRT: TensorFlow's small runtime, for CPU workers. TensorFlow itself is never imported."""

from pathlib import Path
from typing import Any

from workers.engines import layout
from workers.engines.engine import Encoded, Shape
from workers.engines.grid_engine import GridEngine
from workers.engines.layout import EncoderName
from workers.engines.manifest import read_manifest
from workers.engines.packing import InputTensors


class LiteRtEngine(GridEngine):
    """Runs a .tflite file with one signature per shape; each holds packed weights of its own.

    `threads` are the interpreter's own; they sleep between calls. One interpreter serves one call
    at a time, from any thread.
    """

    def __init__(
        self, model_dir: Path, encoder: EncoderName, threads: int = 1, *, int8: bool = True
    ) -> None:
        manifest = read_manifest(model_dir)
        shapes = (
            [Shape(*shape) for shape in manifest.encoder(encoder).shapes]
            if int8
            else layout.LITERT_FP32_SHAPES
        )
        name = "litert-int8" if int8 else "litert-fp32"
        super().__init__(
            name,
            manifest.hidden_size,
            shapes,
            manifest.max_tokens,
            gives_early=manifest.encoder(encoder).gives_early,
        )
        self._path = (layout.int8 if int8 else layout.fp32)(model_dir, encoder)
        self._threads = threads
        self._runners: dict[Shape, Any] = {}

    def _load(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(self._path), num_threads=self._threads)
        self._runners = {
            shape: interpreter.get_signature_runner(layout.signature(shape))
            for shape in self._shapes
        }

    def _run_packed(self, tensors: InputTensors, shape: Shape) -> Encoded:
        run = self._runners[shape]
        outputs = run(ids=tensors.ids, positions=tensors.positions, segments=tensors.segments)
        return Encoded(outputs["vectors"], outputs.get("early"))
