"""An MPNet of a few kilobytes in Hugging Face layout, with random weights."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HIDDEN, INNER, LAYERS, HEADS, BUCKETS = 16, 32, 2, 4, 32
PADDING, UNKNOWN = "<pad>", "[UNK]"
WORDS = ("<s>", PADDING, "</s>", UNKNOWN, "where", "is", "my", "order", "##s", "?", "<mask>")
CONFIG = {
    "model_type": "mpnet",
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "vocab_size": len(WORDS),
    "max_position_embeddings": 130,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "relative_attention_num_buckets": BUCKETS,
}


def write_tiny_mpnet(folder: Path) -> Path:
    """Write config.json, model.safetensors and tokenizer.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file(tiny_weights(), folder / "model.safetensors")
    _tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tiny_weights() -> dict[str, NDArray[np.float32]]:
    """Return the same random weights at every call, under MPNet's own names."""
    draw = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": (130, HIDDEN),
        "embeddings.LayerNorm.weight": (HIDDEN,),
        "embeddings.LayerNorm.bias": (HIDDEN,),
        "encoder.relative_attention_bias.weight": (BUCKETS, HEADS),
    }
    for layer in range(LAYERS):
        for part, shape in (
            ("attention.attn.q", (HIDDEN, HIDDEN)),
            ("attention.attn.k", (HIDDEN, HIDDEN)),
            ("attention.attn.v", (HIDDEN, HIDDEN)),
            ("attention.attn.o", (HIDDEN, HIDDEN)),
            ("attention.LayerNorm", (HIDDEN,)),
            ("intermediate.dense", (INNER, HIDDEN)),
            ("output.dense", (HIDDEN, INNER)),
            ("output.LayerNorm", (HIDDEN,)),
        ):
            name = f"encoder.layer.{layer}.{part}"
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = shape, shape[:1]
    return {
        name: draw.standard_normal(shape, np.float32) * 0.5 + ("LayerNorm.weight" in name)
        for name, shape in shapes.items()
    }


def _tokenizer() -> Tokenizer:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.add_special_tokens(["<s>", PADDING, "</s>", UNKNOWN, "<mask>"])
    tokenizer.enable_padding(length=128, pad_id=1, pad_token=PADDING)
    return tokenizer
