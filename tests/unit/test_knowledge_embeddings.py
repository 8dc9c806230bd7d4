"""Each content is embedded once for all starts; a damaged cache is rebuilt."""

from pathlib import Path

import numpy as np
import pytest

from shared.errors import WorkerStopped
from tests.fakes.word_encoder import WordEncoder
from workers.knowledge import embeddings
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode

TEXTS = ["how can I pay", "where is my parcel", "how can I pay"]


def test_vectors_come_in_order_and_equal_the_encoders(tmp_path: Path) -> None:
    encoder = WordEncoder()
    found = EmbeddingCache(tmp_path, encoder).vectors(TEXTS)
    assert np.array_equal(found, encode(WordEncoder(), TEXTS))
    assert encoder.embedded == 2


def test_one_new_text_embeds_only_that(tmp_path: Path) -> None:
    encoder = WordEncoder()
    EmbeddingCache(tmp_path, encoder).vectors(TEXTS)
    again = EmbeddingCache(tmp_path, encoder).vectors(["a new one", *TEXTS])
    assert encoder.embedded == 3
    assert np.array_equal(again[1:], encode(WordEncoder(), TEXTS))


def test_no_text_gives_no_row(tmp_path: Path) -> None:
    assert EmbeddingCache(tmp_path, WordEncoder()).vectors([]).shape == (0, 64)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_file_is_rebuilt(tmp_path: Path, damage: bytes | None) -> None:
    encoder = WordEncoder()
    first = EmbeddingCache(tmp_path, encoder).vectors(TEXTS)
    (file,) = tmp_path.glob("*.npz")
    raw = file.read_bytes()
    middle = len(raw) // 2
    flipped = raw[:middle] + bytes([raw[middle] ^ 0xFF]) + raw[middle + 1 :]
    file.write_bytes(flipped if damage is None else damage)
    assert np.array_equal(EmbeddingCache(tmp_path, encoder).vectors(TEXTS), first)
    assert encoder.embedded == 4
    assert EmbeddingCache(tmp_path, encoder).vectors(TEXTS).shape == first.shape
    assert encoder.embedded == 4


def test_another_model_has_a_file_of_its_own(tmp_path: Path) -> None:
    other = WordEncoder()
    other.name = "other words"
    EmbeddingCache(tmp_path, WordEncoder()).vectors(TEXTS)
    EmbeddingCache(tmp_path, other).vectors(TEXTS)
    assert other.embedded == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_what_no_base_needs_any_more_is_dropped_beyond_the_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "MAX_ROWS_KEPT", 3)
    encoder = WordEncoder()

    def embed(*texts: str) -> int:
        EmbeddingCache(tmp_path, encoder).vectors(texts)
        return encoder.embedded

    embed("one", "two", "three")
    embed("four")
    assert embed("two", "three") == 4
    assert embed("one") == 5
    embed("a", "b", "c", "d")
    assert embed("a", "b", "c", "d") == 9
    assert embed("one") == 10


def test_bases_that_are_loaded_together_are_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "MAX_ROWS_KEPT", 1)
    encoder = WordEncoder()
    for _ in range(2):
        cache = EmbeddingCache(tmp_path, encoder)
        cache.vectors(["one", "two"])
        cache.vectors(["two", "three"])
    assert encoder.embedded == 3


def test_where_nothing_can_be_written_it_goes_on_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    for _ in range(2):
        found = EmbeddingCache(tmp_path / "file" / "cache", WordEncoder()).vectors(TEXTS)
        assert np.array_equal(found, encode(WordEncoder(), TEXTS))
    assert caplog.text.count("are not kept") == 1


def test_a_worker_that_stops_leaves_its_base_and_keeps_what_is_embedded(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(1000)]
    encoder = WordEncoder()
    with pytest.raises(WorkerStopped):
        EmbeddingCache(tmp_path, encoder, lambda: encoder.embedded > 200).vectors(texts)
    assert encoder.embedded == 256
    assert EmbeddingCache(tmp_path, encoder).vectors(texts).shape == (1000, 64)
    assert encoder.embedded == 1000
