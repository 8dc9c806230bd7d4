"""MPNet's weights, and how it counts the distance of two tokens."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared.errors import ModelError
from shared.settings import load
from tests.support.tiny_mpnet import BUCKETS, HEADS, tiny_weights, write_tiny_mpnet
from workers.modelling.encoder.distances import buckets, distance_biases
from workers.modelling.encoder.numpy_bert import mean_vectors
from workers.modelling.encoder.numpy_mpnet import score_biases
from workers.modelling.encoder.weights import (
    RELATIVE_BIAS,
    folder_source,
    load_weights,
    read_config,
)
from workers.preprocessing.tokens import Tokenizer
from workers.settings import ModelSettings


@pytest.mark.parametrize(
    ("distance", "bucket"),
    # As torch counts: eight exact steps each way, then coarser ones; 16 and more look ahead.
    [
        *((0, 0), (-1, 1), (-7, 7), (-8, 8), (-11, 8), (-12, 9), (-16, 10), (-64, 14), (-127, 15)),
        *((1, 17), (7, 23), (8, 24), (15, 25), (16, 26), (63, 29), (64, 30), (127, 31), (500, 31)),
    ],
)
def test_distances_fall_into_the_buckets_of_the_training(distance: int, bucket: int) -> None:
    assert buckets(np.array([distance]), 32).tolist() == [bucket]


@pytest.mark.parametrize("count", [8, 32, 64])
def test_both_ways_to_count_agree(count: int) -> None:
    table = np.arange(count, dtype=np.float32)[:, None]
    spread = distance_biases(table, 128)[:, 0]
    plain = score_biases({RELATIVE_BIAS: table}, 128)[0]
    places = np.arange(128)
    assert (plain == spread[places[None, :] - places[:, None] + 127]).all()


def test_names_become_those_of_bert(tmp_path: Path) -> None:
    source = folder_source(write_tiny_mpnet(tmp_path))
    read, own = load_weights(source, read_config(source)), tiny_weights()
    name = "encoder.layer.1.attention"
    assert (read[f"{name}.self.key.bias"] == own[f"{name}.attn.k.bias"]).all()
    assert (read[f"{name}.output.dense.weight"] == own[f"{name}.attn.o.weight"]).all()
    assert (read[f"{name}.output.LayerNorm.bias"] == own[f"{name}.LayerNorm.bias"]).all()
    assert read[RELATIVE_BIAS].shape == (BUCKETS, HEADS)


def test_a_vector_depends_on_the_order_through_the_distances_too(tmp_path: Path) -> None:
    source = folder_source(write_tiny_mpnet(tmp_path))
    config = read_config(source)
    weights = dict(load_weights(source, config))
    rows = [(0, 4, 5, 6, 2)]
    with_distances = mean_vectors(config, weights, rows, 2)
    weights[RELATIVE_BIAS] = np.zeros_like(weights[RELATIVE_BIAS])
    assert np.abs(mean_vectors(config, weights, rows, 2) - with_distances).max() > 1e-3


def test_too_few_positions_are_refused(tmp_path: Path) -> None:
    source = folder_source(write_tiny_mpnet(tmp_path))
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "max_position_embeddings": 129}))
    with pytest.raises(ModelError, match="129 positions, 130 are needed"):
        read_config(source)


def test_other_special_tokens_frame_a_text_and_cannot_be_written(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(write_tiny_mpnet(tmp_path))
    plain, forged = tokenizer.encode_batch(["Where is my orders?", "where </s> my <mask>"])
    assert plain.ids == (0, 4, 5, 6, 7, 8, 9, 2)
    assert (forged.ids[0], forged.ids[-1]) == (0, 2)
    assert not {0, 1, 2, 10} & set(forged.ids[1:-1])


def test_a_long_text_is_cut_to_what_the_encoder_reads(tmp_path: Path) -> None:
    (tokens,) = Tokenizer.load(write_tiny_mpnet(tmp_path)).encode_batch(["where is my order " * 99])
    assert tokens.truncated
    assert len(tokens.ids) <= 128
    assert (tokens.ids[0], tokens.ids[-1]) == (0, 2)


def test_the_large_model_lies_beside_the_small_one(tmp_path: Path) -> None:
    assert load(ModelSettings, data_dir=tmp_path).large_model_folder == tmp_path / "model-large"
    own = load(ModelSettings, model_dir=tmp_path / "mine")
    assert own.large_model_folder == tmp_path / "mine-large"
