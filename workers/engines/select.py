"""Choose the engine that a worker runs."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from workers.engines import layout
from workers.engines.choice import read_choice
from workers.engines.engine import Engine
from workers.engines.layout import EncoderName

Kind = Literal["auto", "litert", "tensorflow", "simulated"]
EngineName = Literal["litert-fp32", "litert-int8", "tensorflow-fp32", "tensorflow-fp16"]

BASELINE: EngineName = "litert-fp32"  # what the others are compared with

_GPU_SIGNS = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia/version"))


def select_engine(kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1) -> Engine:
    """Make the engine for one encoder of a built model; it is not warm yet.

    `auto` takes what the precision gate chose for the answer encoder, if that runs here; else
    TensorFlow if there are a GPU and a TensorFlow that can use it, else LiteRT int8. Imports only
    what the choice needs, TensorFlow not before `warm`. ModelError if the model is not built.
    """
    if kind == "simulated":
        from workers.engines.simulated import SimulatedEngine

        return SimulatedEngine()
    return make_engine(_name(kind, model_dir, encoder), model_dir, encoder, threads)


def make_engine(
    name: EngineName, model_dir: Path, encoder: EncoderName, threads: int = 1
) -> Engine:
    """Make the engine of that name; it is not warm yet."""
    if name in ("tensorflow-fp32", "tensorflow-fp16"):
        from workers.engines.tensorflow import TensorFlowEngine

        return TensorFlowEngine(model_dir, encoder, threads, gpu=name == "tensorflow-fp16")
    from workers.engines.litert import LiteRtEngine

    return LiteRtEngine(model_dir, encoder, threads, int8=name == "litert-int8")


def runnable(model_dir: Path) -> tuple[EngineName, ...]:
    """Return the engines that can run a built model's answer encoder here, the baseline first."""
    names: list[EngineName] = [BASELINE] if layout.fp32(model_dir, "answer").exists() else []
    names.append("litert-int8")
    if _gpu_usable():
        names.append("tensorflow-fp16")
    elif tensorflow_installed():
        names.append("tensorflow-fp32")
    return tuple(names)


def _name(kind: Kind, model_dir: Path, encoder: EncoderName) -> EngineName:
    if kind == "litert":
        return "litert-int8"
    if kind == "tensorflow":
        return "tensorflow-fp16" if _gpu_usable() else "tensorflow-fp32"
    chosen = read_choice(model_dir) if encoder == "answer" else None
    for name in runnable(model_dir):
        if name == chosen:
            return name
    return "tensorflow-fp16" if _gpu_usable() else "litert-int8"


def _gpu_usable() -> bool:
    return gpu_visible() and gpu_tensorflow_installed()


def gpu_visible() -> bool:
    """Return whether NVIDIA's driver shows a GPU; loads no library."""
    return any(sign.exists() for sign in _GPU_SIGNS)


def gpu_tensorflow_installed() -> bool:
    """Return whether the TensorFlow with GPU support is installed, not the one for CPUs alone."""
    try:
        return bool(version("tensorflow"))
    except PackageNotFoundError:
        return False


def tensorflow_installed() -> bool:
    """Return whether any TensorFlow can be imported, without importing it."""
    return find_spec("tensorflow") is not None
