"""Build a responder: load a base, embed it (cached), fit its confidence."""

from pathlib import Path

import yaml

from workers.knowledge.base import KnowledgeBase, without
from workers.knowledge.decide import Responder
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.fit import fit_calibration
from workers.knowledge.index import Index
from workers.knowledge.loader import SMALLTALK, load

STRANGERS = Path(__file__).with_name("strangers.yaml")


def build_responder(path: Path, embeddings: EmbeddingCache) -> Responder:
    """Load a knowledge base and small talk; KnowledgeError names every fault."""
    base = load(path)
    small_talk = _small_talk_beside(base)
    entries = base.entries + small_talk.entries
    wordings = embeddings.vectors([text for entry in entries for text in entry.wordings])
    index = Index(entries, wordings, embeddings.vectors([entry.answer for entry in entries]))
    strangers = embeddings.vectors(yaml.safe_load(STRANGERS.read_text("utf-8")))
    names = frozenset(entry.id for entry in small_talk.entries)
    return Responder(index, fit_calibration(index, strangers), names)


def _small_talk_beside(base: KnowledgeBase) -> KnowledgeBase:
    # A team's own entries and wordings come before the small talk that ships.
    ids = {entry.id for entry in base.entries}
    return without(load(SMALLTALK), ids, (text for e in base.entries for text in e.wordings))
