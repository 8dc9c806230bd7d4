"""The peer of the benchmark runs the same encoder: its vectors are those of the reference."""

import os
from pathlib import Path

import numpy as np
import pytest

from infra.bench.mosec import FOLDER, MOSEC, make_peer_model
from infra.bench.peer_environment import peer_environment
from shared.errors import PeerUnavailable
from workers.knowledge.base import Entry, KnowledgeBase
from workers.modelling.encoder.reference import committed_reference


@pytest.fixture(scope="module")
def installed() -> None:
    """Install mosec's packages, once for each lock; skip where no index is reached."""
    try:
        peer_environment(MOSEC).install()
    except PeerUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"mosec: {error}")


def test_the_peers_vectors_are_those_of_the_reference(
    installed: None, tmp_path: Path, model_dir: Path
) -> None:
    reference = committed_reference()
    entries = tuple(Entry(f"e{n}", text, "?") for n, text in enumerate(reference.texts))
    folder = tmp_path / FOLDER
    make_peer_model(folder, model_dir, KnowledgeBase(entries))
    vectors = np.load(folder / "vectors.npy")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-4)
    cosines = (vectors * reference.vectors["answer"]).sum(1)
    assert cosines.mean() > 0.98
    assert cosines.min() > 0.95
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "entries.json", "model.onnx", "phrasings.json", "tokenizer.json"),
        "vectors.npy",
    }
