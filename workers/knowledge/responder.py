"""Build what searches a base: embed it and fit its head, both cached by content."""

import hashlib
import secrets
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from workers.knowledge.base import Entry, KnowledgeBase, without
from workers.knowledge.calibration import read_calibration, shipped_calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.finder import Finder
from workers.knowledge.head import Indices, Vectors, fit_head
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.knowledge.loader import SMALLTALK, load
from workers.knowledge.tfidf_calibration import read_tfidf_calibration
from workers.knowledge.tfidf_index import TfidfIndex

OUT_OF_SCOPE = Path(__file__).with_name("out_of_scope.yaml")
MAX_HEADS_KEPT = 200  # files: every revision of every base has one


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedBase:
    """A base with its small talk, as vectors; `entry_index` [phrasings] says whose each is."""

    entries: tuple[Entry, ...]
    small_talk: frozenset[str]
    phrasings: Vectors
    entry_index: Indices
    answers: Vectors


def embed_base(path: Path, embeddings: EmbeddingCache) -> EmbeddedBase:
    """Load and embed a knowledge base and small talk; KnowledgeError names every fault."""
    return _embed(load(path), embeddings)


def _embed(base: KnowledgeBase, embeddings: EmbeddingCache) -> EmbeddedBase:
    entries, small_talk = with_small_talk(base)
    return EmbeddedBase(
        entries,
        small_talk,
        embeddings.vectors([text for entry in entries for text in entry.all_phrasings]),
        np.repeat(np.arange(len(entries)), [len(entry.all_phrasings) for entry in entries]),
        embeddings.vectors([entry.answer for entry in entries]),
    )


def with_small_talk(base: KnowledgeBase) -> tuple[tuple[Entry, ...], frozenset[str]]:
    """Return a base's entries with the small talk that ships, and the ids of the latter.

    A team's own ids and phrasings come first.
    """
    ids = {entry.id for entry in base.entries}
    phrasings = (text for entry in base.entries for text in entry.all_phrasings)
    small_talk = without(_small_talk(), ids, phrasings).entries
    return base.entries + small_talk, frozenset(entry.id for entry in small_talk)


def embed_out_of_scope(embeddings: EmbeddingCache) -> Vectors:
    """Return the vectors of questions that no help centre answers."""
    return embeddings.vectors(_out_of_scope())


@cache
def _out_of_scope() -> Sequence[str]:
    texts: list[str] = yaml.safe_load(OUT_OF_SCOPE.read_text("utf-8"))
    return texts


@cache
def _small_talk() -> KnowledgeBase:
    return load(SMALLTALK)


def fitted_calibration(folder: Path, path: Path, dimension: int) -> Path:
    """Name the file in which `parley kb fit` keeps the calibration of a team's own base.

    Encoders with vectors of other dimensions have files of their own.
    """
    name = hashlib.sha256(str(path.expanduser().absolute()).encode()).hexdigest()[:16]
    return folder / f"calibration-{name}-{dimension}.json"


def build_finder(path: Path, embeddings: EmbeddingCache, folder: Path) -> Finder:
    """Load a base and build from it; KnowledgeError names every fault."""
    return build_finder_over(load(path), path, embeddings, folder)


def build_finder_over(
    loaded: KnowledgeBase, path: Path, embeddings: EmbeddingCache, folder: Path
) -> Finder:
    """Build from a base; one whose path was never fitted has the calibration that ships."""
    base = _embed(loaded, embeddings)
    index = build_index(base, _head(base, folder), embed_out_of_scope(embeddings))
    dimension = base.phrasings.shape[1]
    own, shipped = fitted_calibration(folder, path, dimension), shipped_calibration(dimension)
    calibration = read_calibration(own if own.exists() else shipped)
    return Finder(base.entries, index, calibration, base.small_talk)


def build_tfidf_finder(base: KnowledgeBase) -> Finder:
    """Build from the words of a base alone; no encoder is asked."""
    entries, small_talk = with_small_talk(base)
    return Finder(entries, TfidfIndex(entries), read_tfidf_calibration(), small_talk)


def build_index(base: EmbeddedBase, head: Vectors, out_of_scope: Vectors) -> Index:
    """Put what was learnt of a base together."""
    lexicon = Lexicon(
        [entry.all_phrasings for entry in base.entries], [entry.answer for entry in base.entries]
    )
    return Index(base.phrasings, base.entry_index, head, base.answers, lexicon, out_of_scope)


def _head(base: EmbeddedBase, folder: Path) -> Vectors:
    digest = hashlib.sha256()
    for part in (base.phrasings, base.entry_index, base.answers):
        digest.update(np.ascontiguousarray(part).tobytes())
    path = folder / f"head-{digest.hexdigest()[:16]}.npz"
    shape = (len(base.entries), base.phrasings.shape[1])
    stored = _read(path)
    if stored is not None and stored.shape == shape:
        return stored
    head = fit_head(base.phrasings, base.entry_index, base.answers)
    with suppress(OSError):  # a disk that cannot be written: each start fits it
        _write(path, head)
        _drop_oldest_heads(folder)
    return head


def _drop_oldest_heads(folder: Path) -> None:
    """Let files of former revisions go; one that is missed is fitted once more."""
    heads = list(folder.glob("head-*.npz"))
    surplus = max(0, len(heads) - MAX_HEADS_KEPT)
    for each in sorted(heads, key=lambda head: head.stat().st_mtime)[:surplus]:
        each.unlink(missing_ok=True)


def _read(path: Path) -> Vectors | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return np.asarray(stored["head"], np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, head: Vectors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{secrets.token_hex(4)}.part")
    with partial.open("wb") as file:
        np.savez(file, head=head)
    partial.replace(path)
