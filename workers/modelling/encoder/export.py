"""Write one encoder's files: SavedModel, LiteRT and ONNX. Run as a child process, one per encoder.

    python -m workers.modelling.encoder.export ENCODER LAYERS SOURCE_FOLDER TARGET_FOLDER

A line on standard output names each stage as it begins. The memory that converting takes, and
TensorFlow's noise, go away with the process.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import tensorflow as tf

from workers.engines import layout
from workers.engines.engine import Shape
from workers.engines.layout import EncoderName
from workers.modelling.encoder.bert import BertEncoder
from workers.modelling.encoder.mpnet import MpnetEncoder
from workers.modelling.encoder.onnx_graph import encoder_graph
from workers.modelling.encoder.weights import folder_source, load_weights, read_config

Report = Callable[[str], None]


def export(encoder: EncoderName, layers: int, source: Path, target: Path, report: Report) -> None:
    """Write all files of one encoder below `target`."""
    report("reading weights")
    config = read_config(folder_source(source))
    weights = load_weights(folder_source(source), config)
    architecture = MpnetEncoder if config.is_mpnet else BertEncoder
    model = architecture(config, weights, layers, normalise=encoder == "answer")
    report("writing the SavedModel")
    save(model, layout.saved_model(target, encoder))
    report("converting to int8")
    scratch = target / encoder / "converting"
    int8 = convert(model, layout.litert_shapes(config.hidden_size), scratch, int8=True)
    layout.int8(target, encoder).write_bytes(int8)
    report("writing the ONNX file")
    graph = encoder_graph(config, weights, layers, normalise=encoder == "answer")
    layout.onnx(target, encoder).write_bytes(graph)
    if encoder == "answer":
        report("converting to fp32")
        fp32 = convert(model, layout.LITERT_FP32_SHAPES, scratch, int8=False)
        layout.fp32(target, encoder).write_bytes(fp32)


def save(model: BertEncoder, folder: Path) -> None:
    """Write a SavedModel whose rows and tokens are free; `packed_half` computes in fp16."""
    shape: list[int | None] = [None, None]
    padded = tf.function(lambda ids, lengths: {"vectors": model.padded(ids, lengths)})
    lengths = tf.TensorSpec([None], tf.int32, "lengths")
    signatures = {
        "serving_default": padded.get_concrete_function(_spec("ids", shape), lengths),
        "packed": _packed(model, shape, tf.float32),
        "packed_half": _packed(model, shape, tf.float16),
    }
    tf.saved_model.save(model, str(folder), signatures=signatures)


def convert(model: BertEncoder, shapes: Sequence[Shape], scratch: Path, *, int8: bool) -> bytes:
    """Return a LiteRT file with one signature per shape; all share one copy of the weights."""
    # The converter reads several signatures only from a SavedModel.
    signatures = {
        layout.signature(shape): _packed(model, [shape.rows, shape.tokens], tf.float32)
        for shape in shapes
    }
    tf.saved_model.save(model, str(scratch), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(scratch), signature_keys=list(signatures)
    )
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]  # dynamic range
    try:
        return cast("bytes", converter.convert())
    finally:
        shutil.rmtree(scratch)


def _packed(model: BertEncoder, shape: Sequence[int | None], precision: Any) -> Any:
    specs = [_spec(name, shape) for name in ("ids", "positions", "segments")]
    function = tf.function(
        lambda ids, positions, segments: {
            "vectors": model.packed(ids, positions, segments, precision)
        }
    )
    return function.get_concrete_function(*specs)


def _spec(name: str, shape: Any) -> Any:
    return tf.TensorSpec(shape, tf.int32, name)


def _print_stage(stage: str) -> None:
    sys.stdout.write(f"{stage}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    name, layer_count, source_folder, target_folder = sys.argv[1:]
    export(
        cast("EncoderName", name),
        int(layer_count),
        Path(source_folder),
        Path(target_folder),
        _print_stage,
    )
