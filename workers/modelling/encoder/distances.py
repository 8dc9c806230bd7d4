"""How far apart two tokens are, as MPNet counts it: exactly if near, in steps of a power if far."""

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 128  # and all beyond share a bucket; fixed in the architecture


def buckets(distances: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the bucket of each distance (the other token's place less the token's own).

    Half of the `count` buckets are for tokens before, half for tokens behind.
    """
    half = count // 2
    exact = half // 2
    size = np.abs(distances)
    # In float32, as the models were trained: 2, 4, 8 … times `exact` lie on the very steps.
    growth = np.log(np.maximum(size, 1).astype(np.float32) / exact) / np.float32(
        np.log(_FARTHEST / exact)
    )
    far = np.minimum(exact + (growth * (half - exact)).astype(np.int64), half - 1)
    return np.where(distances > 0, half, 0) + np.where(size < exact, size, far)


def distance_biases(bucket_biases: NDArray[np.float32], max_tokens: int) -> NDArray[np.float32]:
    """Spread biases [buckets, heads] over the distances 1 - max_tokens … max_tokens - 1."""
    distances = np.arange(1 - max_tokens, max_tokens)
    spread: NDArray[np.float32] = bucket_biases[buckets(distances, len(bucket_biases))]
    return spread
