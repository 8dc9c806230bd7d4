"""TensorFlow on a SavedModel: fp16 under XLA on a GPU, fp32 under XLA on a CPU."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from shared.errors import EngineError
from workers.engines import layout
from workers.engines.engine import Encoded, Shape
from workers.engines.grid_engine import GridEngine, empty_tensors
from workers.engines.layout import EncoderName
from workers.engines.manifest import read_manifest
from workers.engines.packing import InputTensors

CPU = "CPU:0"

# XLA takes seconds to compile each, on a GPU up to ten.
_CPU_SHAPES = tuple(Shape(*size) for size in ((1, 16), (1, 32), (1, 64), (4, 64), (1, 128)))


class TensorFlowEngine(GridEngine):
    """Runs the SavedModel's packed signature, compiled by XLA once for each shape, all at once.

    `gpu` chooses shapes and precision; TensorFlow is imported in `warm`. `threads` hold for the
    first engine of a process: TensorFlow has one pool.
    """

    def __init__(
        self, model_dir: Path, encoder: EncoderName, threads: int = 1, *, gpu: bool = False
    ) -> None:
        manifest = read_manifest(model_dir)
        shapes = layout.GPU_SHAPES if gpu else _CPU_SHAPES
        name = "tensorflow-fp16" if gpu else "tensorflow-fp32"
        super().__init__(
            name,
            manifest.hidden_size,
            shapes,
            manifest.max_tokens,
            gives_early=manifest.encoder(encoder).gives_early,
        )
        self._path = layout.saved_model(model_dir, encoder)
        self._threads = threads
        self._gpu = gpu
        self._device_name = "GPU:0" if gpu else CPU
        self._device: Any = None
        self._model: Any = None  # its variables live as long as it does
        self._functions: dict[Shape, Any] = {}
        self._tensor: Any = None

    def _load(self) -> None:
        tf = load_tensorflow(self._threads)
        if self._gpu:
            require_gpu(tf)
        self._tensor = tf.constant
        self._device = tf.device
        with tf.device(self._device_name):
            self._model = tf.saved_model.load(str(self._path))
            packed = self._model.signatures["packed_half" if self._gpu else "packed"]
            self._functions = {shape: _compile(tf, packed, shape) for shape in self._shapes}
        # XLA compiles at the first run, without the GIL, and by itself one shape after the other.
        with ThreadPoolExecutor(len(self._shapes)) as threads:
            list(threads.map(self._run_empty, self._shapes))

    def _run_empty(self, shape: Shape) -> None:
        self._run_packed(empty_tensors(shape), shape)

    def _run_packed(self, tensors: InputTensors, shape: Shape) -> Encoded:
        with self._device(self._device_name):
            inputs = map(self._tensor, (tensors.ids, tensors.positions, tensors.segments))
            outputs = self._functions[shape](*inputs)
            return Encoded(**{name: output.numpy() for name, output in outputs.items()})


def load_tensorflow(threads: int) -> Any:
    """Import TensorFlow, quiet, with memory growth on its GPUs.

    No GPU is hidden: a process cannot show it again, and the gate follows the check in one process.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    for device in tf.config.get_visible_devices("GPU"):
        if not tf.config.experimental.get_memory_growth(device):
            tf.config.experimental.set_memory_growth(device, True)
    if not tf.config.threading.get_intra_op_parallelism_threads():
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    return tf


def require_gpu(tf: Any) -> None:
    """Raise EngineError if TensorFlow cannot use the GPU that the driver shows."""
    if not tf.config.get_visible_devices("GPU"):
        raise EngineError(
            "the driver shows a GPU, but TensorFlow cannot use it; "
            "check the driver, or set PARLEY_ENGINE=litert"
        )


def _compile(tf: Any, packed: Any, shape: Shape) -> Any:
    def run(ids: Any, positions: Any, segments: Any) -> Any:
        return packed(ids=ids, positions=positions, segments=segments)

    spec = tf.TensorSpec([shape.rows, shape.tokens], tf.int32)
    return tf.function(run, jit_compile=True, autograph=False).get_concrete_function(
        spec, spec, spec
    )
