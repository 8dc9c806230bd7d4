"""Composition root of `parley kb fit`: a warm engine, a base, its calibration on disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.errors import KnowledgeError
from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.calibration import read_calibration, shipped_calibration, write_calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder, encode
from workers.knowledge.head import fit_head
from workers.knowledge.responder import (
    build_index,
    embed_base,
    embed_out_of_scope,
    fitted_calibration,
)
from workers.knowledge.rewrite import rewrite
from workers.modelling.knowledge.fit import Level, fit_level
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings

_NOBODY = -1


@dataclass(frozen=True, slots=True)
class FitReport:
    """What labelled messages said about a base; `right_first` is over those that it answers."""

    messages: int
    answerable: int
    right_first: float
    level: Level


def tune(settings: WorkerSettings, path: Path, messages: Path) -> tuple[FitReport, Path]:
    """Move a base's calibration to labelled messages and write it; return what was found.

    `messages` are JSON lines with `text` and `id`, the entry that answers or null. Raises
    KnowledgeError.
    """
    encoder = open_encoder(settings)
    cache = settings.data_dir / "cache"
    embeddings = EmbeddingCache(cache, encoder)
    base = embed_base(path, embeddings)
    texts, gold = _read(messages, {entry.id: place for place, entry in enumerate(base.entries)})
    head = fit_head(base.phrasings, base.entry_index, base.answers)
    index = build_index(base, head, embed_out_of_scope(embeddings))
    scores = index.score(encode(encoder, texts), [rewrite(text) for text in texts])
    served = (scores.entries[:, 0] == np.array(gold)).astype(np.float64)
    shipped = read_calibration(shipped_calibration(encoder.dimension))
    calibration, level = fit_level(shipped, scores, served)
    target = fitted_calibration(cache, path, encoder.dimension)
    write_calibration(calibration, target)
    answerable = sum(each != _NOBODY for each in gold)
    return FitReport(
        len(texts), answerable, float(served.sum()) / max(answerable, 1), level
    ), target


def _read(path: Path, places: Mapping[str, int]) -> tuple[Sequence[str], Sequence[int]]:
    texts, gold = [], []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise KnowledgeError(f"{path} cannot be read: {fault}") from fault
    for number, line in enumerate(lines, start=1):
        if line.strip():
            text, entry = _row(line, f"{path}:{number}")
            if entry is not None and entry not in places:
                raise KnowledgeError(f"{path}:{number}: the base has no entry {entry!r}")
            texts.append(text)
            gold.append(_NOBODY if entry is None else places[entry])
    if not texts:
        raise KnowledgeError(f"{path} holds no message")
    return texts, gold


def _row(line: str, place: str) -> tuple[str, str | None]:
    try:
        row = json.loads(line)
        text, entry = row["text"], row.get("id")
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise KnowledgeError(f'{place}: not of the form {{"text": …, "id": …}}') from fault
    if not isinstance(text, str) or not (entry is None or isinstance(entry, str)):
        raise KnowledgeError(f"{place}: text must be a text, and id a text or null")
    return text, entry


def open_encoder(settings: WorkerSettings) -> EngineEncoder:
    """Warm the answer engine behind the workers' preprocessing."""
    folder = settings.model_folder
    engine = select_engine(settings.engine, folder, "answer", threads=settings.engine_threads)
    engine.warm()
    preprocessor = Preprocessor(Tokenizer.load(folder), rewrite=rewrite)
    return EngineEncoder(engine, preprocessor, read_manifest(folder).digest)
