"""Vectors of texts, kept on disk by content, so that a changed base embeds only what changed."""

import hashlib
import logging
import os
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.encoder import Encoder, Ids

_log = logging.getLogger(__name__)

MAX_ROWS_KEPT = 50_000  # 77 MB at 384 dimensions; a base in use is always kept whole

Vectors = NDArray[np.float32]


class EmbeddingCache:
    """Embed texts, each content once for all starts.

    A file per encoder under `folder`; several processes may share it: each write replaces the
    file whole, the last one wins, and a damaged file is rebuilt. The file is read once in this
    object's life, which should last for one loading of all bases: it holds all vectors in memory.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        digest = hashlib.sha256(encoder.name.encode()).hexdigest()[:16]
        self._path = folder / f"embeddings-{digest}.npz"
        self._encoder = encoder
        self._stored: dict[bytes, Vectors] | None = None
        self._needed: dict[bytes, None] = {}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return vectors [texts, dimension] in order; only contents never seen are embedded."""
        ids = self._encoder.read(texts)
        keys = [_key(row) for row in ids]
        stored = self._stored = self._read() if self._stored is None else self._stored
        self._needed |= dict.fromkeys(keys)
        missing = {key: row for key, row in zip(keys, ids, strict=True) if key not in stored}
        if missing:
            fresh = self._encoder.embed(list(missing.values()))
            stored |= dict(zip(missing, fresh, strict=True))
            self._try_write(stored, self._needed)
        rows = [stored[key] for key in keys]
        return np.array(rows, np.float32).reshape(len(rows), self._encoder.dimension)

    def _read(self) -> dict[bytes, Vectors]:
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                keys, vectors = archive["keys"], archive["vectors"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        if not self._fits(keys, vectors):
            return {}
        return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}

    def _fits(self, keys: NDArray[np.uint8], vectors: Vectors) -> bool:
        right_types = keys.dtype == np.uint8 and vectors.dtype == np.float32
        shape = (len(keys), self._encoder.dimension)
        return right_types and keys.shape[1:] == (32,) and vectors.shape == shape

    def _try_write(self, stored: Mapping[bytes, Vectors], needed: Mapping[bytes, None]) -> None:
        """Keep vectors; where nothing can be written, as on a read-only disk, go on without."""
        try:
            self._write(stored, needed)
        except OSError as fault:
            _warn_once(self._path.parent, fault.strerror or str(fault))

    def _write(self, stored: Mapping[bytes, Vectors], needed: Mapping[bytes, None]) -> None:
        spare = [key for key in stored if key not in needed]
        room = max(0, MAX_ROWS_KEPT - len(needed))
        kept = [*spare[max(0, len(spare) - room) :], *needed]
        keys = np.frombuffer(b"".join(kept), np.uint8).reshape(len(kept), 32)
        partial = self._path.with_suffix(f".{secrets.token_hex(4)}.part")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, keys=keys, vectors=np.array([stored[key] for key in kept]))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)


@cache
def _warn_once(folder: Path, reason: str) -> None:
    _log.warning(
        "vectors of the knowledge base are not kept, so that each start computes them: "
        "%s cannot be written (%s)",
        folder,
        reason,
    )


def _key(ids: Ids) -> bytes:
    return hashlib.sha256(np.array(ids, np.int64).tobytes()).digest()
