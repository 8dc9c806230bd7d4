"""Composition roots of `parley kb gaps` and `parley kb suggest`."""

from collections.abc import Sequence
from pathlib import Path

from shared.gap_groups import GapGroup
from workers.gap_groups import distinct_texts, group_gaps
from workers.gaps import Gap
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode
from workers.knowledge.responder import build_finder, embed_base, embed_out_of_scope
from workers.modelling.knowledge.confusions import Confusion, find_confusions
from workers.modelling.knowledge.tuning import open_encoder
from workers.settings import WorkerSettings


def candidates_for(
    settings: WorkerSettings, path: Path, gaps: Sequence[Gap]
) -> tuple[list[GapGroup], list[str]]:
    """Group messages beside a base; return the candidates, and the ids that the base has."""
    encoder, cache = open_encoder(settings), settings.data_dir / "cache"
    finder = build_finder(path, EmbeddingCache(cache, encoder), cache)
    texts = distinct_texts(gaps)
    return group_gaps(gaps, texts, encode(encoder, texts), finder), list(finder.entries)


def confusions_of(settings: WorkerSettings, path: Path, least: int) -> list[Confusion]:
    """Find the entries of a base that are taken for each other by so many wordings."""
    embeddings = EmbeddingCache(settings.data_dir / "cache", open_encoder(settings))
    return find_confusions(embed_base(path, embeddings), embed_out_of_scope(embeddings), least)
