"""Choose the engine that a worker runs."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from workers.engines.port import Engine
from workers.models.layout import Encoder

Kind = Literal["auto", "litert", "tensorflow", "simulated"]

_GPU_SIGNS = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia/version"))


def select_engine(kind: Kind, model_dir: Path, encoder: Encoder, threads: int = 1) -> Engine:
    """Make the engine for one encoder of a built model; it is not warm yet.

    `auto` takes TensorFlow where a GPU and a TensorFlow that can use it are there, else LiteRT
    int8. Imports only what the choice needs, TensorFlow not before `warm`. ModelError where the
    model is not built.
    """
    gpu = gpu_visible() and gpu_tensorflow_installed()
    if kind == "auto":
        kind = "tensorflow" if gpu else "litert"
    if kind == "simulated":
        from workers.engines.simulated import SimulatedEngine

        return SimulatedEngine()
    if kind == "tensorflow":
        from workers.engines.tensorflow import TensorFlowEngine

        return TensorFlowEngine(model_dir, encoder, threads, gpu=gpu)
    from workers.engines.litert import LiteRtEngine

    return LiteRtEngine(model_dir, encoder, threads)


def gpu_visible() -> bool:
    """Tell whether NVIDIA's driver shows a GPU; asks no library."""
    return any(sign.exists() for sign in _GPU_SIGNS)


def gpu_tensorflow_installed() -> bool:
    """Tell whether the TensorFlow with GPU support is installed, not the one for CPUs alone."""
    try:
        return bool(version("tensorflow"))
    except PackageNotFoundError:
        return False


def tensorflow_installed() -> bool:
    """Tell whether any TensorFlow can be imported, without importing it."""
    return find_spec("tensorflow") is not None
