"""One cache folder, several workers: containers that share it may even share a process id."""

import os
from pathlib import Path

import pytest

from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import WordEncoder


def test_a_write_in_the_middle_of_another_spoils_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def write_another_meanwhile(file: int) -> None:
        monkeypatch.setattr(os, "fsync", flush)
        EmbeddingCache(tmp_path, WordEncoder()).vectors(["another text"])
        flush(file)

    monkeypatch.setattr(os, "fsync", write_another_meanwhile)
    vectors = EmbeddingCache(tmp_path, WordEncoder()).vectors(["a text"])
    again = EmbeddingCache(tmp_path, WordEncoder()).vectors(["a text"])
    assert (vectors == again).all()
    assert len(list(tmp_path.iterdir())) == 1
