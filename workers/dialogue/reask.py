"""Whether a message asks again what its conversation has asked already."""

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from workers.dialogue.decision import Heard
from workers.dialogue.state import Asked, unpack_vectors
from workers.knowledge.finder import Candidate

# A logistic curve over the cosine, fitted to pairs of questions: docs/quality.md.
_SLOPE = 21.0
_EVEN_COSINE = 0.58  # as likely the same question as another
_ASKED_AGAIN = 0.7  # score from which a message repeats an earlier one


def reask_score(
    vector: NDArray[np.float32], asked: Sequence[Asked], *, recalls: bool = False
) -> float | None:
    """Return how likely (0-1) one of the earlier questions is asked again; None on a first turn.

    A message that `recalls` what was said asks none of them.
    """
    comparable = [each.vector for each in asked if len(each.vector) == vector.size]
    if not comparable:
        return None
    if recalls:
        return 0.0
    cosines = unpack_vectors(comparable) @ vector
    return round(1 / (1 + exp(_SLOPE * (_EVEN_COSINE - float(cosines.max())))), 4)


def asks_again(score: float | None) -> bool:
    """Tell whether a re-ask score says that an earlier question is asked again."""
    return (score or 0.0) >= _ASKED_AGAIN


def asks_in_vain(heard: Heard, best: Candidate) -> bool:
    """Tell whether the same is asked for the third time in a row, and would get the same again."""
    if not heard.dialogue.asked or not heard.dialogue.reasks or best.small_talk:
        return False
    again = asks_again(heard.dialogue.reasks[-1]) and asks_again(heard.reask_score)
    return again and heard.dialogue.asked[-1].entry == best.entry.id
