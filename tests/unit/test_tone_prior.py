import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsError
from shared.settings import load
from workers.settings import WorkerSettings
from workers.tone.cues import CUES, CueReader
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head
from workers.tone.prior import read_prior

TONES = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS], np.float32)


def made_head(tone_shares: tuple[float, float, float]) -> Head:
    rng = np.random.default_rng(0)
    return Head(
        rng.normal(size=(4 + len(CUES), 8)).astype(np.float32),
        rng.normal(size=8).astype(np.float32),
        rng.normal(size=(8, len(EMOTIONS))).astype(np.float32),
        rng.normal(size=len(EMOTIONS)).astype(np.float32),
        np.array(tone_shares, np.float32),
        "made",
    )


def test_a_prior_is_read() -> None:
    prior = read_prior("positive=0.2, negative=0.5,neutral=.3")
    assert prior == {"negative": 0.5, "neutral": 0.3, "positive": 0.2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("negative", "no number"),
        ("negative=half,neutral=0.3,positive=0.2", "'half'"),
        ("negative=0.5,neutral=0.5", "once each"),
        ("negative=0.5,neutral=0.3,positive=0.1,unknown=0.1", "once each"),
        ("negative=0.5,neutral=0.3,positive=0.1,positive=0.2", "once each"),
        ("negative=0.5,neutral=0.5,positive=0", "above 0"),
        ("negative=0.5,neutral=0.5,positive=0.5", "add up"),
        ("negative=nan,neutral=0.5,positive=0.5", "add up"),
    ],
)
def test_a_faulty_prior_stops_the_process(
    text: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_TONE_PRIOR", text)
    with pytest.raises(SettingsError, match=f"PARLEY_TONE_PRIOR.*{reason}"):
        load(WorkerSettings)


def test_the_default_is_a_prior() -> None:
    default = WorkerSettings.model_fields["tone_prior"].default
    assert sum(read_prior(default).values()) == pytest.approx(1)


@given(st.tuples(*[st.floats(0.05, 1)] * 3), st.tuples(*[st.floats(0.05, 1)] * 3))
def test_a_prior_moves_the_odds_between_tones_alone(
    trained: tuple[float, float, float], wanted: tuple[float, float, float]
) -> None:
    trained_shares = np.array(trained) / sum(trained)
    head = made_head(tuple(trained_shares))
    prior = dict(zip(LABELS, np.array(wanted) / sum(wanted), strict=True))
    cues = CueReader().read(["why is it late again??", "thank you"])
    vectors = np.ones((2, 4), np.float32)
    before, after = head.emotions(vectors, cues), head.with_prior(prior).emotions(vectors, cues)
    ratios = np.array(list(prior.values())) / trained_shares
    by_rule = (before @ TONES) * ratios
    assert after @ TONES == pytest.approx(by_rule / by_rule.sum(1, keepdims=True), abs=1e-4)
    angry, worried = EMOTIONS.index("angry"), EMOTIONS.index("worried")
    assert after[:, angry] * before[:, worried] == pytest.approx(
        before[:, angry] * after[:, worried], abs=1e-5
    )


def test_the_training_shares_as_prior_change_nothing() -> None:
    head = made_head((0.25, 0.5, 0.25))
    same = head.with_prior({"negative": 0.25, "neutral": 0.5, "positive": 0.25})
    assert same.output_bias == pytest.approx(head.output_bias)
