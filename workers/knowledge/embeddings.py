"""Vectors of texts, kept on disk by content, so that a changed base embeds only what changed."""

import hashlib
import logging
import os
import secrets
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import WorkerStopped
from workers.knowledge.encoder import Encoder, Ids

_log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 128  # how late it sees that the worker stops
MAX_ROWS_KEPT = 50_000  # 77 MB at 384 dimensions; a base in use is always kept whole

Vectors = NDArray[np.float32]


class EmbeddingCache:
    """Embed texts, each content once for all starts.

    A file per encoder under `folder`; several processes may share it: each write replaces the
    file whole, the last one wins, and a damaged file is rebuilt. The file is read once in this
    object's life, which should last for one loading of all bases: it holds all vectors in memory.
    `stopping` tells whether the worker stops: then what is embedded by then is kept for its next
    start, and WorkerStopped is raised.
    """

    def __init__(self, folder: Path, encoder: Encoder, stopping: Callable[[], bool] = bool) -> None:
        digest = hashlib.sha256(encoder.name.encode()).hexdigest()[:16]
        self._path = folder / f"embeddings-{digest}.npz"
        self._encoder = encoder
        self._stopping = stopping
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
            try:
                self._embed(missing, stored)
            finally:
                self._try_write(stored, self._needed)
        rows = [stored[key] for key in keys]
        return np.array(rows, np.float32).reshape(len(rows), self._encoder.dimension)

    def _embed(self, missing: Mapping[bytes, Ids], stored: dict[bytes, Vectors]) -> None:
        keys = list(missing)
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            if self._stopping():
                raise WorkerStopped("this worker stops: its knowledge base is not embedded")
            part = keys[start : start + _ROWS_AT_ONCE]
            fresh = self._encoder.embed([missing[key] for key in part])
            stored |= dict(zip(part, fresh, strict=True))

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
        used = [key for key in needed if key in stored]
        room = max(0, MAX_ROWS_KEPT - len(used))
        kept = [*spare[max(0, len(spare) - room) :], *used]
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
