"""Confidence: what it is made of, how it is fitted, and that it never promises too much."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import KnowledgeError
from workers.knowledge.calibration import (
    FEATURES,
    Calibration,
    features,
    read_calibration,
    shipped_calibration,
    write_calibration,
)
from workers.knowledge.index import Scores
from workers.modelling.knowledge.fit import (
    calibration_error,
    choose_thresholds,
    fit_level,
    fit_logistic,
)


def scores_of(rows: int, seed: int = 0, candidates: int = 3) -> Scores:
    rng = np.random.default_rng(seed)
    ranking = -np.sort(-rng.normal(0, 3, (rows, candidates)), axis=1).astype(np.float32)
    one_each = {
        field.name: rng.random(rows, np.float32)
        for field in fields(Scores)
        if field.name not in ("entries", "ranking", "nearest")
    }
    entries = np.tile(np.arange(candidates), (rows, 1))
    return Scores(entries, ranking, rng.random((rows, candidates), np.float32), **one_each)


def with_bias(bias: float) -> Calibration:
    return Calibration((*(0.0 for _ in FEATURES), bias), 0.5, 0.3)


@given(st.integers(0, 99), st.floats(-8, 8), st.integers(1, 5))
def test_chances_are_ordered_and_sum_to_certainty_at_most(
    seed: int, bias: float, candidates: int
) -> None:
    chances = with_bias(bias).confidence(scores_of(6, seed, candidates))
    assert chances.shape == (6, candidates)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert (chances.sum(axis=1) <= 1 + 1e-5).all()
    assert (np.diff(chances[:, 1:], axis=1) <= 0).all()


@pytest.mark.parametrize("path", [shipped_calibration(384), shipped_calibration(768)])
def test_what_ships_trusts_a_nearer_and_clearer_best_entry_more(path: Path) -> None:
    calibration = read_calibration(path)
    doubtful = scores_of(1)
    nearer = replace(doubtful, nearest=doubtful.nearest + 0.1)
    clearer = replace(doubtful, share=np.minimum(doubtful.share + 0.2, 1.0))
    wordier = replace(doubtful, lexical=doubtful.lexical + 0.2)
    before = calibration.confidence(doubtful)[0, 0]
    for better in (nearer, clearer, wordier):
        assert calibration.confidence(better)[0, 0] > before
    assert 0 < calibration.clarify_from < calibration.answer_from < 1


def test_encoders_of_two_sizes_have_calibrations_of_their_own() -> None:
    assert shipped_calibration(384) != shipped_calibration(768)


def test_features_are_finite_whatever_the_share() -> None:
    sure = replace(scores_of(2), share=np.array([0.0, 1.0], np.float32))
    assert np.isfinite(features(sure)).all()
    assert features(sure).shape == (2, len(FEATURES))


def test_a_calibration_is_kept_for_people_to_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "calibration.json"
    write_calibration(with_bias(1.5), path)
    assert read_calibration(path) == with_bias(1.5)
    path.write_text('{"weights": [1.0], "answer_from": 0.5, "clarify_from": 0.3}')
    with pytest.raises(KnowledgeError, match="9 weights"):
        read_calibration(path)
    path.write_text("{}")
    with pytest.raises(KnowledgeError, match="calibration"):
        read_calibration(path)


def test_a_logistic_regression_finds_the_odds_it_was_shown() -> None:
    inputs = np.repeat(np.array([[0.0], [1.0]]), 1_000, axis=0)
    labels = np.concatenate([np.arange(1_000) < 200, np.arange(1_000) < 700]).astype(float)
    weight, bias = fit_logistic(inputs, labels, np.full(2_000, 1 / 2_000))
    assert 1 / (1 + np.exp(-bias)) == pytest.approx(0.2, abs=0.01)
    assert 1 / (1 + np.exp(-bias - weight)) == pytest.approx(0.7, abs=0.01)


def test_few_messages_move_a_level_little_and_many_move_it_where_it_belongs() -> None:
    shifts = []
    for rows in (4, 4_000):
        served = (np.arange(rows) % 4 > 0).astype(float)  # three of four
        moved, level = fit_level(with_bias(0.0), scores_of(rows), served)
        assert moved.weights[-1] == pytest.approx(level.shift)
        assert level.error_after < level.error_before
        shifts.append(level.shift)
    few, many = shifts
    assert 0 < few < many / 2
    assert many == pytest.approx(np.log(3), abs=0.02)


def test_a_threshold_lets_few_through_that_no_entry_answers() -> None:
    weights = (1.0, *(0.0 for _ in FEATURES))
    outside = scores_of(200)
    calibration = choose_thresholds(weights, [outside])
    answered = calibration.confidence(outside)[:, 0] >= calibration.answer_from
    assert answered.mean() <= 0.07
    assert 0.63 <= calibration.answer_from < 1
    assert calibration.clarify_from <= calibration.answer_from


def test_confidence_that_is_right_has_no_calibration_error() -> None:
    probabilities = np.array([0.25] * 4 + [0.75] * 4)
    right = np.array([1.0, 0, 0, 0, 1, 1, 1, 0])
    assert calibration_error(probabilities, right) == pytest.approx(0.0)
    assert calibration_error(probabilities, 1 - right) == pytest.approx(0.5)
