"""MPNet's bias of attention scores in plain Python, pair by pair: independent of distances.py."""

import math

import numpy as np
from numpy.typing import NDArray

from workers.modelling.encoder.weights import RELATIVE_BIAS, Weights


def score_biases(weights: Weights, tokens: int) -> NDArray[np.float32]:
    """Return what the distance adds to the scores of a message [heads, tokens, tokens]."""
    table = weights[RELATIVE_BIAS]
    places = range(tokens)
    rows = [[table[_bucket(seen - own, len(table))] for seen in places] for own in places]
    return np.array(rows, np.float32).transpose(2, 0, 1)


def _bucket(distance: int, count: int) -> int:
    # The first half of the buckets looks back; of each half, half is exact.
    if distance > 0:
        return count // 2 + _bucket(-distance, count)
    near = count // 4
    if -distance < near:
        return -distance
    steps = near * math.log2(-distance / near) / math.log2(128 / near)
    return min(near + math.floor(steps), count // 2 - 1)
