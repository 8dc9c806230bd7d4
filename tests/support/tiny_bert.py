"""A BERT of a few kilobytes in Hugging Face layout, with random weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from safetensors.numpy import save_file

HIDDEN, INNER, LAYERS, HEADS = 16, 32, 2, 4
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "where", "is", "my", "order", "##s", "?")
CONFIG = {
    "model_type": "bert",
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "vocab_size": len(WORDS),
    "max_position_embeddings": 128,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}


def write_tiny_bert(
    folder: Path, prefix: str = "", config: Mapping[str, object] = MappingProxyType({})
) -> Path:
    """Write config.json, model.safetensors and vocab.txt; `config` overrides single settings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    tensors = {f"{prefix}{name}": value for name, value in tiny_weights().items()}
    save_file(tensors, folder / "model.safetensors")
    return folder


def tiny_weights() -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    """Return the same random weights at every call."""
    draw = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": (128, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "embeddings.LayerNorm.weight": (HIDDEN,),
        "embeddings.LayerNorm.bias": (HIDDEN,),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part, shape in (
            ("attention.self.query", (HIDDEN, HIDDEN)),
            ("attention.self.key", (HIDDEN, HIDDEN)),
            ("attention.self.value", (HIDDEN, HIDDEN)),
            ("attention.output.dense", (HIDDEN, HIDDEN)),
            ("attention.output.LayerNorm", (HIDDEN,)),
            ("intermediate.dense", (INNER, HIDDEN)),
            ("output.dense", (HIDDEN, INNER)),
            ("output.LayerNorm", (HIDDEN,)),
        ):
            shapes[f"{name}.{part}.weight"] = shape
            shapes[f"{name}.{part}.bias"] = shape[:1]
    return {
        name: draw.standard_normal(shape, np.float32) * 0.5 + ("LayerNorm.weight" in name)
        for name, shape in shapes.items()
    }
