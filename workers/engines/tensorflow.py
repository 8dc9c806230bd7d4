"""TensorFlow on a SavedModel: fp16 under XLA on a GPU, fp32 under XLA on a CPU."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.engines.grid_engine import GridEngine
from workers.engines.packing import Grids
from workers.engines.port import Shape
from workers.models import layout
from workers.models.layout import Encoder
from workers.models.manifest import read_manifest


class TensorFlowEngine(GridEngine):
    """Runs the SavedModel's packed signature, compiled by XLA once for each grid.

    `gpu` chooses grids and precision; TensorFlow is imported in `warm`.
    """

    def __init__(
        self, model_dir: Path, encoder: Encoder, threads: int = 1, *, gpu: bool = False
    ) -> None:
        manifest = read_manifest(model_dir)
        grids = layout.GPU_SHAPES if gpu else layout.LITERT_SHAPES
        name = "tensorflow-fp16" if gpu else "tensorflow-fp32"
        super().__init__(name, manifest.hidden_size, grids, manifest.max_tokens)
        self._path = layout.saved_model(model_dir, encoder)
        self._threads = threads
        self._gpu = gpu
        self._model: Any = None  # its variables live as long as it does
        self._run: Any = None

    def _load(self) -> None:
        tf = _tensorflow(self._threads, gpu=self._gpu)
        self._model = tf.saved_model.load(str(self._path))
        packed = self._model.signatures["packed_half" if self._gpu else "packed"]
        self._run = tf.function(
            lambda ids, positions, segments: packed(
                ids=ids, positions=positions, segments=segments
            )["vectors"],
            jit_compile=True,
        )

    def _run_sheet(self, grids: Grids, shape: Shape) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._run(grids.ids, grids.positions, grids.segments).numpy()
        return vectors


def _tensorflow(threads: int, *, gpu: bool) -> Any:
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    if not gpu:
        tf.config.set_visible_devices([], "GPU")
    for device in tf.config.get_visible_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, True)
    if not tf.config.threading.get_intra_op_parallelism_threads():
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    return tf
