import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import UNKNOWN_TONE, Tone
from workers.tone.trend import Concern, concern, valence

CALM, GLAD, CROSS = 0.0, 0.7, -0.8
VALENCES = st.lists(st.none() | st.floats(-1, 1), max_size=8)
ANGRY = Tone("negative", 0.8, {"angry": 0.6, "frustrated": 0.2, "calm": 0.1, "happy": 0.1})


@pytest.mark.parametrize(
    ("tone", "expected"),
    [
        (ANGRY, -0.7),
        (Tone("neutral", 0.9, {"calm": 0.9, "worried": 0.1}), -0.1),
        (Tone("positive", 0.8), 0.8),
        (Tone("negative", 0.9), -0.9),
        (Tone("neutral", 0.9), 0.0),
    ],
)
def test_a_valence_weighs_good_against_bad(tone: Tone, expected: float) -> None:
    assert valence(tone) == pytest.approx(expected)


def test_an_unknown_tone_has_no_valence() -> None:
    assert valence(UNKNOWN_TONE) is None


@pytest.mark.parametrize(
    ("valences", "expected"),
    [
        ([CALM, CROSS], Concern.FALLS),
        ([GLAD, CROSS], Concern.FALLS),
        ([CALM, CALM, CALM, CROSS], Concern.FALLS),
        ([CALM, None, CROSS], Concern.FALLS),
        ([CROSS, CROSS], Concern.STAYS_NEGATIVE),
        ([CALM, CROSS, CROSS], Concern.STAYS_NEGATIVE),
        ([CROSS, None, CROSS], Concern.STAYS_NEGATIVE),
        ([], None),
        ([CROSS], None),
        ([None, CROSS], None),
        ([CROSS, CALM], None),
        ([CALM, CALM, CALM], None),
        ([CROSS, CROSS, None], None),
        ([-0.3, -0.5], None),
        ([GLAD, -0.1], None),
    ],
)
def test_a_falling_or_lasting_bad_tone_calls_for_a_person(
    valences: list[float | None], expected: Concern | None
) -> None:
    assert concern(valences, [None] * len(valences)) == expected


@pytest.mark.parametrize(("score", "expected"), [(0.9, Concern.ASKS_AGAIN), (0.5, None)])
def test_who_asks_again_is_offered_a_person(score: float, expected: Concern | None) -> None:
    assert concern([CALM, CALM], [None, score]) == expected


def test_only_the_last_turn_counts_as_asking_again() -> None:
    assert concern([CALM, CALM, GLAD], [None, 0.9, 0.1]) is None


@pytest.mark.parametrize(("ago", "offered"), [(1, False), (3, False), (4, True), (None, True)])
def test_an_offer_is_not_repeated_at_once(ago: int | None, offered: bool) -> None:
    assert (concern([CROSS, CROSS], [None, None], ago) is not None) == offered


@given(VALENCES)
def test_a_customer_who_is_not_cross_now_is_left_alone(valences: list[float | None]) -> None:
    assert concern([*valences, 0.0], []) is None


@given(VALENCES, st.lists(st.none() | st.floats(0, 1), max_size=8))
def test_a_first_message_is_answered(
    valences: list[float | None], scores: list[float | None]
) -> None:
    assert concern(valences[:1], [None]) is None
    assert concern(valences, scores, turns_since_offer=1) is None
