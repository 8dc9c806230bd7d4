"""Ranking, confidence and decisions, on vectors that are made up."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import KnowledgeError
from tests.fakes.word_encoder import WordEncoder
from workers.knowledge.base import Entry
from workers.knowledge.calibration import (
    Calibration,
    fit_logistic,
    read_calibration,
    write_calibration,
)
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode
from workers.knowledge.finder import Finder
from workers.knowledge.head import fit_head
from workers.knowledge.index import NOTHING_NEAR, Index, Scores
from workers.knowledge.responder import build_finder
from workers.modelling.knowledge.fit import calibration_error, fit_calibration

SURE = Calibration((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0), 0.5, 0.3)
DOUBTFUL = Calibration((0.0,) * 7, 0.6, 0.3)
LOST = Calibration((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -5.0), 0.5, 0.3)


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


def test_an_entry_without_phrasings_is_near_to_nothing() -> None:
    phrasings, entry_index, answers = clustered(3, 2)
    scores = Index(phrasings[2:], entry_index[2:], answers).score(phrasings)
    assert (scores.nearest[scores.entries == 0] == NOTHING_NEAR).all()
    assert scores.nearest[2][scores.entries[2] == 1] == pytest.approx(1.0, abs=1e-5)


@given(st.integers(1, 40), st.integers(0, 99))
def test_a_rows_scores_do_not_depend_on_its_batch(rows: int, seed: int) -> None:
    phrasings, entry_index, answers = clustered(5, 3)
    index = Index(phrasings, entry_index, answers)
    batch = unit_rows(rows, seed)
    whole = index.score(batch)
    alone = Scores.joined([index.score(batch[row : row + 1]) for row in range(rows)])
    assert (whole.entries == alone.entries).all()
    assert np.abs(whole.ranking - alone.ranking).max() < 1e-5
    assert np.abs(whole.share - alone.share).max() < 1e-6


def test_without_its_own_entry_a_row_ranks_another() -> None:
    phrasings, entry_index, answers = clustered(5, 3)
    index = Index(phrasings, entry_index, answers)
    assert (index.score(phrasings).entries[:, 0] == entry_index).mean() > 0.9
    assert (index.score(phrasings, without=entry_index).entries[:, 0] != entry_index).all()


@given(st.integers(1, 9), st.integers(0, 99))
def test_candidates_are_best_first_and_the_share_is_theirs(entries: int, seed: int) -> None:
    phrasings, entry_index, answers = clustered(entries, 3)
    head = 10 * answers
    scores = Index(phrasings, entry_index, head).score(unit_rows(4, seed))
    assert (np.diff(scores.ranking, axis=1) <= 0).all()
    full = unit_rows(4, seed) @ head.T
    for row, ranked in enumerate(scores.entries):
        near = (phrasings[entry_index == ranked[0]] @ unit_rows(4, seed)[row]).max()
        assert scores.nearest[row, 0] == pytest.approx(near, abs=1e-5)
        assert scores.ranking[row, 0] == pytest.approx(full[row, ranked[0]] + 3 * near, abs=1e-4)
    assert ((scores.share > 0) & (scores.share <= 1)).all()


def test_ties_fall_to_the_entry_that_comes_first() -> None:
    same = np.repeat(unit_rows(1), 8, axis=0)
    scores = Index(same, np.arange(8), same).score(same[:1])
    assert scores.entries[0, 0] == min(scores.entries[0])


def test_a_logistic_regression_finds_the_odds_it_was_shown() -> None:
    inputs = np.repeat(np.array([[0.0], [1.0]]), 1_000, axis=0)
    labels = np.concatenate([np.arange(1_000) < 200, np.arange(1_000) < 700]).astype(float)
    weight, bias = fit_logistic(inputs, labels, np.full(2_000, 1 / 2_000))
    assert 1 / (1 + np.exp(-bias)) == pytest.approx(0.2, abs=0.01)
    assert 1 / (1 + np.exp(-bias - weight)) == pytest.approx(0.7, abs=0.01)


def test_confidence_that_is_right_has_no_calibration_error() -> None:
    probabilities = np.array([0.25] * 4 + [0.75] * 4, np.float32)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], np.float32)
    shares = np.full(8, 1 / 8)
    assert calibration_error(probabilities, right, shares) == pytest.approx(0.0)
    assert calibration_error(probabilities, 1 - right, shares) == pytest.approx(0.5)


def test_a_fit_separates_phrasings_from_questions_out_of_scope() -> None:
    phrasings, entry_index, answers = clustered(8, 10)
    report = fit_calibration(phrasings, entry_index, answers, unit_rows(50, seed=9))
    assert report.top1_accuracy > 0.8
    assert report.out_of_scope_answered <= 0.10
    assert report.calibration.clarify_from <= report.calibration.answer_from


def test_a_calibration_is_kept_for_people_to_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "calibration.json"
    write_calibration(DOUBTFUL, path)
    assert read_calibration(path) == DOUBTFUL
    path.write_text("{}")
    with pytest.raises(KnowledgeError, match="calibration"):
        read_calibration(path)


ENTRIES = (
    Entry("pay", "How can I pay?", "By card.", tones={"negative": "Sorry. By card."}),
    Entry("refund", "When is my refund here?", "In five days."),
    Entry("hacked", "My account was hacked", "A colleague looks at it.", handover=True),
    Entry("hello", "hello", "Hello!"),
)


def finder(calibration: Calibration) -> tuple[Finder, WordEncoder]:
    encoder = WordEncoder()
    vectors = encode(encoder, [entry.question for entry in ENTRIES])
    index = Index(vectors, np.arange(len(ENTRIES)), 10 * vectors)
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
