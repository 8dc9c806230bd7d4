"""Choose the engine that a worker runs."""

import logging
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from shared.errors import ModelError
from shared.processor import processor_name
from workers.engines import layout
from workers.engines.choice import read_choice, write_choice
from workers.engines.engine import Engine
from workers.engines.layout import EncoderName
from workers.engines.speed import fastest, rows_per_second, typical_rows

Kind = Literal["auto", "litert", "onnx", "tensorflow", "simulated"]
EngineName = Literal[
    "litert-fp32", "litert-int8", "onnx-int8", "tensorflow-fp32", "tensorflow-fp16"
]

BASELINE: EngineName = "litert-fp32"  # what the others are compared with
_INT8: tuple[EngineName, ...] = ("litert-int8", "onnx-int8")  # the first unless another is faster

_log = logging.getLogger(__name__)
_GPU_SIGNS = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia/version"))


def select_engine(kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1) -> Engine:
    """Make the engine for one encoder of a built model; it is not warm yet.

    `auto` takes what was chosen for the answer encoder on this processor, if that runs here; else
    TensorFlow if there are a GPU and a TensorFlow that can use it, else the fastest int8 engine,
    which is measured within seconds. Imports only what the choice needs, TensorFlow not before
    `warm`. ModelError if the model is not built, EngineError if an engine cannot be measured.
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
    if name == "onnx-int8":
        from workers.engines.onnxruntime import OnnxEngine

        return OnnxEngine(model_dir, encoder, threads)
    from workers.engines.litert import LiteRtEngine

    return LiteRtEngine(model_dir, encoder, threads, int8=name == "litert-int8")


def runnable(model_dir: Path) -> tuple[EngineName, ...]:
    """Return the engines that can run a built model's answer encoder here, the baseline first."""
    names: list[EngineName] = [BASELINE] if layout.fp32(model_dir, "answer").exists() else []
    names += _int8_engines(model_dir)
    if _gpu_usable():
        names.append("tensorflow-fp16")
    elif tensorflow_installed():
        names.append("tensorflow-fp32")
    return tuple(names)


def choose_engine(
    model_dir: Path, report: Callable[[str], None] = lambda _stage: None
) -> EngineName:
    """Return what `auto` takes for the answer encoder here; measure if it is not known yet.

    What was measured is stored beside the model, if the folder can be written. ModelError if the
    model is not built, EngineError if an engine cannot be measured.
    """
    chosen = read_choice(model_dir, machine_name())
    for name in runnable(model_dir):
        if name == chosen:
            return name
    if _gpu_usable():
        return "tensorflow-fp16"
    candidates = _int8_engines(model_dir)
    if len(candidates) == 1:
        return candidates[0]
    report("measuring the engines")
    return _measured(model_dir, candidates)


def _measured(model_dir: Path, candidates: tuple[EngineName, ...]) -> EngineName:
    engines = {name: make_engine(name, model_dir, "answer") for name in candidates}
    for engine in engines.values():
        engine.warm()
    rates = rows_per_second(engines, typical_rows())
    best = fastest(rates)
    told = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    _log.info("%s answers on this processor (rows a second: %s)", best, told)
    try:
        write_choice(model_dir, best, machine_name())
    except ModelError as error:  # a folder that is only read
        _log.info("the next start measures again: %s", error)
    return best


def _name(kind: Kind, model_dir: Path, encoder: EncoderName) -> EngineName:
    if kind == "litert":
        return "litert-int8"
    if kind == "onnx":
        return "onnx-int8"
    if kind == "tensorflow":
        return "tensorflow-fp16" if _gpu_usable() else "tensorflow-fp32"
    chosen = choose_engine(model_dir)
    if encoder == "answer" or chosen in _INT8:
        return chosen
    return "tensorflow-fp16" if _gpu_usable() else _INT8[0]


def _int8_engines(model_dir: Path) -> tuple[EngineName, ...]:
    has_onnx = layout.onnx(model_dir, "answer").exists() and find_spec("onnxruntime") is not None
    return _INT8 if has_onnx else _INT8[:1]


def machine_name() -> str:
    """Name what decides which engine is the fastest: the processor, and whether a GPU serves."""
    return processor_name() + (", GPU" if _gpu_usable() else "")


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
