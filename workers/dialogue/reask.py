"""Whether a message asks again what its conversation has asked already."""

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from workers.dialogue.state import Asked, unpack_vectors

# A logistic curve over the cosine, fitted to pairs of questions: docs/quality.md.
_SLOPE = 21.0
_EVEN_COSINE = 0.58  # as likely the same question as another


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
