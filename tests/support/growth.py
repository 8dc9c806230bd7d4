"""How the cost of a work grows with its size, whatever else runs on the machine."""

import time
from collections.abc import Callable

# Linear work grows by 4, quadratic by 16.
LINEAR = 8.0
_ROUNDS = 10


def growth(work: Callable[[int], object], size: int) -> float:
    """Return CPU seconds at four times the size over those at the size.

    Takes the least of several rounds, and stops as soon as the growth is linear.
    """
    small = large = float("inf")
    for _ in range(_ROUNDS):
        small = min(small, _cpu_seconds(work, size))
        large = min(large, _cpu_seconds(work, 4 * size))
        if large / small < LINEAR:
            break
    return large / small


def _cpu_seconds(work: Callable[[int], object], size: int) -> float:
    began = time.thread_time()
    work(size)
    return time.thread_time() - began
