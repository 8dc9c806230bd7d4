"""What is about something else is refused by its vector, whatever its words."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.voice.brief import Brief, RefusalReason, Source
from workers.voice.nearness import NearCheck

BRIEF = Brief(
    "answer",
    "when is it here",
    (Source("late", "When does it come?", "It comes in 3 days. A link follows."),),
    "It comes in 3 days. A link follows.",
)
NEAR = "In 3 days it comes."


class Rules:
    """Refuses the number 9 alone."""

    def judge(self, sentence: str) -> RefusalReason | None:
        return "number" if "9" in sentence else None


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Give a direction of its own to what is about a vase."""
    rows = [[0.0, 1.0] if "vase" in text else [1.0, 0.0] for text in texts]
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        (NEAR, None),
        ("The insurance pays for your vase.", "claim"),
        ("It takes 9 days.", "number"),
        ("Happy to help!", None),
    ],
)
def test_the_rules_come_first_and_the_encoder_has_the_last_word(
    sentence: str, reason: RefusalReason | None
) -> None:
    assert NearCheck(BRIEF, Rules(), encode).judge(sentence) == reason


def test_no_vector_is_made_of_what_the_rules_refuse_or_of_a_courtesy() -> None:
    asked: list[str] = []

    def noting(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return encode(texts)

    check = NearCheck(BRIEF, Rules(), noting)
    units = ["It comes in 3 days.", "A link follows.", "It comes in 3 days. A link follows."]
    assert asked == [*units, "When does it come?"]
    for sentence in ("It takes 9 days.", "You're welcome!", NEAR):
        check.judge(sentence)
    assert asked[4:] == [NEAR]
