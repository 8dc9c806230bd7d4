"""What a built model folder holds, and the choices that were measured."""

from pathlib import Path
from typing import Literal, get_args

from workers.engines.engine import Shape

EncoderName = Literal["answer", "tone"]
ENCODERS: tuple[EncoderName, ...] = get_args(EncoderName)

MAX_TOKENS = 128
TONE_LAYERS = 2  # of 6: a third of the cost; a third layer is worth 0.02 of tone macro-F1

# Single rows end in steps of five: the int8 kernels compute five tokens at a time (16 cost as
# much as 20). No width between 32 and 64 or 64 and 128: the softmax adds up such rows in another
# order, int8 rounds the last bit elsewhere, and a message's vector would depend on its batch mates
# (docs/experiments/batch-invariance.md). Two rows of 64 in one call, no more: four's inner states
# are too large for the second cache, which costs a tenth if AMX makes the products cheap. Each
# shape takes 12 MB.
LITERT_SHAPES = (
    *(Shape(1, tokens) for tokens in (10, 15, 20, 25, 30, 64, 128)),
    Shape(2, 64),
)
# Each shape holds packed weights of its own, so a wide encoder gets fewer: 12 layers of 768 take
# 85 MB a shape (docs/experiments/large-encoder.md).
LITERT_WIDE_SHAPES = tuple(Shape(1, tokens) for tokens in (10, 20, 30, 64, 128))
_WIDE = 512  # elements of a vector
# One session runs them all. Softmax adds up whole vectors of 16 floats; a row of 32 in the place of
# 20 costs more than it saves in calls.
ONNX_SHAPES = (*(Shape(1, tokens) for tokens in (8, 16, 24, 32, 64, 128)), Shape(2, 64))
LITERT_FP32_SHAPES = (Shape(1, 16), Shape(4, 64), Shape(1, 128))
# A GPU's call takes a millisecond whatever it holds: no shape for one row alone, which XLA would
# compile for up to ten seconds (docs/experiments/gpu.md).
GPU_SHAPES = tuple(Shape(rows, 128) for rows in (4, 16, 64))

MANIFEST = "model.json"
TOKENIZER = "tokenizer.json"


def litert_shapes(hidden_size: int) -> tuple[Shape, ...]:
    """Return the shapes of an int8 file whose vectors have this many elements."""
    return LITERT_SHAPES if hidden_size <= _WIDE else LITERT_WIDE_SHAPES


def saved_model(model_dir: Path, encoder: EncoderName) -> Path:
    """Return the folder of an encoder's TensorFlow SavedModel."""
    return model_dir / encoder / "saved_model"


def int8(model_dir: Path, encoder: EncoderName) -> Path:
    """Return an encoder's LiteRT file with dynamic-range int8 weights."""
    return model_dir / encoder / "int8.tflite"


def onnx(model_dir: Path, encoder: EncoderName) -> Path:
    """Return an encoder's ONNX file with int8 weights; it has any shape."""
    return model_dir / encoder / "int8.onnx"


def fp32(model_dir: Path, encoder: EncoderName) -> Path:
    """Return an encoder's LiteRT file with float weights; only the answer encoder has one."""
    return model_dir / encoder / "fp32.tflite"


def signature(shape: Shape) -> str:
    """Return the name of a shape's signature in a LiteRT file."""
    return f"b{shape.rows}_t{shape.tokens}"
