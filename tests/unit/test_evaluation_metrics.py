"""The metrics agree with scikit-learn, and with values that can be worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from workers.evaluation.metrics import (
    auc,
    calibration_error,
    f1_by_label,
    macro_f1,
    mean,
    reliability,
    risk_coverage,
)

scored = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60)


def arrays(rows: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scores = np.array([score / 8 for score, _ in rows])
    return scores, np.array([flag for _, flag in rows], bool)


@given(scored)
def test_auc_is_scikit_learns_ties_included(rows: list[tuple[int, bool]]) -> None:
    scores, positive = arrays(rows)
    ours = auc(scores, positive)
    if positive.all() or not positive.any():
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(roc_auc_score(positive, scores))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1))
def test_f1_is_scikit_learns(rows: list[tuple[str, str]]) -> None:
    truth, guess = [a for a, _ in rows], [b for _, b in rows]
    theirs = f1_score(truth, guess, labels=["a", "b", "c"], average=None, zero_division=0.0)
    assert list(f1_by_label(truth, guess, "abc").values()) == pytest.approx(theirs.tolist())
    assert macro_f1(truth, guess, "abc") == pytest.approx(theirs.mean())


@given(scored)
def test_calibration_error_is_the_reliability_pictures_gap(rows: list[tuple[int, bool]]) -> None:
    confidences, right = arrays(rows)
    picture = reliability(confidences, right)
    gaps = np.abs(picture.confidence - picture.right) * picture.rows / len(rows)
    error = calibration_error(confidences, right)
    assert error == pytest.approx(np.nansum(gaps))
    assert 0 <= error <= 1


def test_a_calibration_error_worked_out_by_hand() -> None:
    # Bin .9-1: 0.95 twice, one right: gap .45, half of the rows. Bin .2-.3: gap .25, the other.
    confidences = np.array([0.95, 0.95, 0.25, 0.25])
    right = np.array([True, False, False, False])
    assert calibration_error(confidences, right) == pytest.approx(0.45 / 2 + 0.25 / 2)


def test_what_is_always_as_right_as_it_is_sure_has_no_error() -> None:
    right = np.array([True] * 3 + [False])
    assert calibration_error(np.full(4, 0.75), right) == 0
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0


@given(scored)
def test_risk_and_coverage_end_at_everything(rows: list[tuple[int, bool]]) -> None:
    confidences, right = arrays(rows)
    curve = risk_coverage(confidences, right)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - right.mean())
    assert (np.diff(curve.coverage) > 0).all()
    assert len(curve.coverage) == len(set(confidences))
    assert 0 <= curve.area <= 1


def test_a_risk_worked_out_by_hand() -> None:
    curve = risk_coverage(np.array([0.2, 0.9, 0.9, 0.5]), np.array([False, True, False, True]))
    assert curve.coverage == pytest.approx([2 / 4, 3 / 4, 1])
    assert curve.risk == pytest.approx([1 / 2, 1 / 3, 2 / 4])
    assert curve.area == pytest.approx(0.5 / 2 + 0.25 / 3 + 0.25 / 2)


def test_of_no_rows_nothing_is_defined() -> None:
    none, flags = np.empty(0), np.empty(0, bool)
    assert math.isnan(mean(none))
    assert math.isnan(auc(none, flags))
    assert math.isnan(calibration_error(none, flags))
    assert math.isnan(risk_coverage(none, flags).area)
    assert math.isnan(macro_f1([], [], "ab"))
    assert reliability(none, flags).rows.sum() == 0


def test_an_auc_counts_pairs_and_ties_half() -> None:
    positive = np.array([True, True, False, False])
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), positive) == pytest.approx(3.5 / 4)
