"""Ranking, confidence and decisions, on vectors that are made up."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.word_encoder import WordEncoder
from workers.knowledge.base import Entry
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode
from workers.knowledge.finder import Candidate, Finder, Finding, combine
from workers.knowledge.head import fit_head
from workers.knowledge.index import NOTHING_NEAR, Index, Scores, means, survey
from workers.knowledge.lexical import Lexicon
from workers.knowledge.responder import build_finder


def level(bias: float, answer_from: float = 0.5) -> Calibration:
    return Calibration((*(0.0 for _ in FEATURES), bias), answer_from, 0.3)


SURE, DOUBTFUL, LOST = level(5.0), level(0.0, 0.6), level(-5.0)


def unit_rows(count: int, seed: int = 0, dimension: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def clustered(entries: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    centres, noise = unit_rows(entries), unit_rows(entries * each, seed=1)
    entry_index = np.repeat(np.arange(entries), each)
    phrasings = centres[entry_index] + 0.5 * noise
    phrasings /= np.linalg.norm(phrasings, axis=1, keepdims=True)
    return phrasings.astype(np.float32), entry_index, centres


def test_a_fitted_head_knows_its_own_phrasings() -> None:
    phrasings, entry_index, answers = clustered(8, 6)
    scores = phrasings @ fit_head(phrasings, entry_index, answers).T
    assert (scores.argmax(axis=1) == entry_index).mean() > 0.95


def index_of(
    phrasings: np.ndarray,
    entry_index: np.ndarray,
    head: np.ndarray,
    wordings: Sequence[Sequence[str]] | None = None,
) -> Index:
    """An index without answers; without wordings it goes by vectors alone."""
    entries = len(head)
    lexicon = Lexicon(wordings or [[]] * entries, [""] * entries)
    outside = unit_rows(20, seed=5, dimension=phrasings.shape[1])
    return Index(phrasings, entry_index, head, np.zeros_like(head), lexicon, outside)


def score(index: Index, vectors: np.ndarray, without: np.ndarray | None = None) -> Scores:
    return index.score(vectors, [""] * len(vectors), without)


def test_an_entry_without_phrasings_is_near_to_nothing() -> None:
    phrasings, entry_index, answers = clustered(3, 2)
    scores = score(index_of(phrasings[2:], entry_index[2:], answers), phrasings)
    assert (scores.nearest[scores.entries == 0] == NOTHING_NEAR).all()
    assert scores.nearest[2][scores.entries[2] == 1] == pytest.approx(1.0, abs=1e-5)


@given(st.integers(1, 40), st.integers(0, 99))
def test_a_rows_scores_do_not_depend_on_its_batch(rows: int, seed: int) -> None:
    phrasings, entry_index, answers = clustered(5, 3)
    index = index_of(phrasings, entry_index, answers)
    batch = unit_rows(rows, seed)
    whole = score(index, batch)
    alone = Scores.joined([score(index, batch[row : row + 1]) for row in range(rows)])
    assert (whole.entries == alone.entries).all()
    assert np.abs(whole.ranking - alone.ranking).max() < 1e-5
    assert np.abs(whole.share - alone.share).max() < 1e-6
    assert np.abs(whole.mean - alone.mean).max() < 1e-6


def test_without_its_own_entry_a_row_ranks_another() -> None:
    phrasings, entry_index, answers = clustered(5, 3)
    index = index_of(phrasings, entry_index, answers)
    assert (score(index, phrasings).entries[:, 0] == entry_index).mean() > 0.9
    assert (score(index, phrasings, entry_index).entries[:, 0] != entry_index).all()


@given(st.integers(1, 20), st.integers(0, 99))
def test_candidates_are_best_first_and_the_share_is_theirs(entries: int, seed: int) -> None:
    phrasings, entry_index, answers = clustered(entries, 3)
    vectors = unit_rows(4, seed)
    scores = score(index_of(phrasings, entry_index, 10 * answers), vectors)
    assert (np.diff(scores.ranking, axis=1) <= 0).all()
    for row, ranked in enumerate(scores.entries):
        near = (phrasings[entry_index == ranked[0]] @ vectors[row]).max()
        assert scores.nearest[row, 0] == pytest.approx(near, abs=1e-5)
        assert len(set(ranked)) == len(ranked) == min(entries, 5)
    assert ((scores.share > 0) & (scores.share <= 1)).all()
    if entries == 1:
        assert (scores.share == 1).all()


def test_ties_fall_to_the_entry_that_comes_first() -> None:
    same = np.repeat(unit_rows(1), 8, axis=0)
    scores = score(index_of(same, np.arange(8), same), same[:1])
    assert scores.entries[0, 0] == min(scores.entries[0])


def test_words_decide_where_vectors_cannot() -> None:
    same = np.repeat(unit_rows(1), 3, axis=0)
    wordings = [["card is blocked"], ["fee for Poland"], ["fee for Norway"]]
    index = index_of(same, np.arange(3), same, wordings)
    scores = index.score(same, ["norway fees?", "what about Poland", "my cards"])
    assert scores.entries[:, 0].tolist() == [2, 1, 0]
    assert scores.words.tolist() == [2, 3, 2]
    assert (scores.lexical > 0).all()


def test_the_best_entrys_own_numbers_come_with_it() -> None:
    phrasings, entry_index, answers = clustered(4, 3)
    scores = score(index_of(phrasings[1:], entry_index[1:], answers), phrasings[1:])
    first = scores.entries[:, 0]
    assert scores.phrasings.tolist() == [2 if entry == 0 else 3 for entry in first]
    averages = means(phrasings[1:], entry_index[1:], 4)
    assert scores.mean == pytest.approx((averages[first] * phrasings[1:]).sum(axis=1), abs=1e-5)


def test_surroundings_tell_a_crowded_base_from_a_roomy_one() -> None:
    roomy = np.eye(4, dtype=np.float32)
    crowded = roomy + 2.0
    crowded /= np.linalg.norm(crowded, axis=1, keepdims=True)
    outside = -roomy[:2]
    entries = np.arange(4)
    assert survey(roomy, entries, outside).crowding == pytest.approx(0.0)
    assert survey(crowded, entries, outside).crowding > 0.8
    assert survey(roomy[:1], entries[:1], outside).crowding == pytest.approx(-0.5)


ENTRIES = (
    Entry("pay", "How can I pay?", "By card.", tones={"negative": "Sorry. By card."}),
    Entry("refund", "When is my refund here?", "In five days."),
    Entry("hacked", "My account was hacked", "A colleague looks at it.", handover=True),
    Entry("hello", "hello", "Hello!"),
)


def finder(calibration: Calibration) -> tuple[Finder, WordEncoder]:
    encoder = WordEncoder()
    vectors = encode(encoder, [entry.question for entry in ENTRIES])
    index = index_of(vectors, np.arange(len(ENTRIES)), 10 * vectors)
    return Finder(ENTRIES, index, calibration, frozenset({"hello"})), encoder


def test_a_known_phrasing_finds_its_entry_whatever_the_scores() -> None:
    found, encoder = finder(LOST)
    elsewhere = encode(encoder, ["When is my refund here?"])
    (finding,) = found.find(["  how can I PAY "], elsewhere)
    best, *rivals = finding.candidates
    assert best.entry.id == "pay"
    assert best.confidence > 0.9
    assert [each.entry.id for each in rivals].count("pay") == 0


def test_chances_of_best_and_rival_are_at_most_certainty() -> None:
    found, encoder = finder(SURE)
    (finding,) = found.find(["pay or refund"], encode(encoder, ["pay or refund"]))
    best, *rivals = finding.candidates
    for rival in rivals:
        assert best.confidence + rival.confidence <= 1 + 1e-3


def test_small_talk_is_marked() -> None:
    found, encoder = finder(SURE)
    (finding,) = found.find(["hello"], encode(encoder, ["hello"]))
    assert finding.candidates[0].small_talk


def test_a_finder_is_built_from_files_and_its_head_is_kept(tmp_path: Path) -> None:
    base = tmp_path / "kb.yaml"
    base.write_text("- {id: pay, question: How can I pay, answer: By card.}\n")
    encoder = WordEncoder()
    cache = tmp_path / "cache"
    build_finder(base, EmbeddingCache(cache, encoder), cache)
    embedded = encoder.embedded
    again = build_finder(base, EmbeddingCache(cache, encoder), cache)
    assert encoder.embedded == embedded
    assert list(cache.glob("head-*.npz"))
    (head,) = cache.glob("head-*.npz")
    head.write_bytes(b"damaged")
    build_finder(base, EmbeddingCache(cache, encoder), cache)
    (finding,) = again.find(["how can i pay"], encode(encoder, ["how can i pay"]))
    assert finding.candidates[0].entry.id == "pay"


def test_heads_of_former_revisions_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.knowledge.responder.MAX_HEADS_KEPT", 3)
    for age in range(5):
        old = tmp_path / f"head-{age}.npz"
        old.write_bytes(b"of a former revision")
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    base = tmp_path / "kb.yaml"
    base.write_text("- {id: pay, question: How can I pay, answer: By card.}\n")
    build_finder(base, EmbeddingCache(tmp_path, WordEncoder()), tmp_path)
    kept = {head.name for head in tmp_path.glob("head-*.npz")}
    assert len(kept) == 3
    assert {"head-0.npz", "head-1.npz"} < kept


def test_a_folder_that_cannot_be_written_keeps_nobody_from_answering(tmp_path: Path) -> None:
    base = tmp_path / "kb.yaml"
    base.write_text("- {id: pay, question: How can I pay, answer: By card.}\n")
    cache, encoder = base / "no-folder", WordEncoder()
    built = build_finder(base, EmbeddingCache(cache, encoder), cache)
    (finding,) = built.find(["how can i pay"], encode(encoder, ["how can i pay"]))
    assert finding.candidates[0].entry.id == "pay"


def found(**chances: float) -> Finding:
    entries = {entry.id: entry for entry in ENTRIES}
    return Finding("?", tuple(Candidate(entries[name], each) for name, each in chances.items()))


def test_two_encoders_count_alike_and_promise_no_more_together() -> None:
    both = combine(found(pay=0.5, refund=0.4), found(refund=0.6, hacked=0.1))
    assert [(each.entry.id, each.confidence) for each in both.candidates] == [
        ("refund", 0.5),
        ("pay", 0.25),
    ]
    assert combine(found(pay=0.5), found()).candidates == ()
    assert combine(found(), found(pay=0.5)).confidence == 0.25
