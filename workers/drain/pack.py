"""Step 3: choose which of the waiting works make the next batch.

Works are grouped by the token length of the engine's shapes, so that little is padded. The fullest
group goes first, and no work is passed over more than `MOST_PASSES` times.
"""

import threading
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from typing import Generic

from workers.drain.work import Job, Work
from workers.engines.port import Shape

MOST_PASSES = 2


def buckets(shapes: Sequence[Shape]) -> dict[int, tuple[int, ...]]:
    """Return the row counts that an engine offers for each token length, both ascending."""
    ordered = sorted(shapes, key=lambda shape: (shape.tokens, shape.rows))
    return {
        tokens: tuple(shape.rows for shape in group)
        for tokens, group in groupby(ordered, key=lambda shape: shape.tokens)
    }


def choose(
    lengths: Sequence[int], rows_by_tokens: dict[int, tuple[int, ...]], *, oldest_must_go: bool
) -> list[int]:
    """Return the places of the works for the next batch, given all lengths, oldest first.

    The group (by the shortest token length that holds it) with the most works is taken, the
    oldest's group where it must go or ties. Rows that the shape has to spare go to the longest of
    the shorter works: they cost nothing.
    """
    sizes = list(rows_by_tokens)
    group_of = [next((size for size in sizes if size >= n), sizes[-1]) for n in lengths]
    members: dict[int, list[int]] = {}
    for place, size in enumerate(group_of):
        members.setdefault(size, []).append(place)
    size = group_of[0]
    if not oldest_must_go:
        size = max(members, key=lambda s: (min(len(members[s]), rows_by_tokens[s][-1]), s == size))
    chosen = members[size][: rows_by_tokens[size][-1]]
    rows = next(rows for rows in rows_by_tokens[size] if rows >= len(chosen))
    shorter = sorted(
        (place for place, group in enumerate(group_of) if group < size),
        key=lambda place: (-group_of[place], place),
    )
    return sorted(chosen + shorter[: rows - len(chosen)])


class Pool(Generic[Job]):
    """Works that wait for the engine; stays open to later arrivals until the engine takes."""

    def __init__(self, shapes: Sequence[Shape], capacity: int) -> None:
        self._rows_by_tokens = buckets(shapes)
        self._capacity = capacity
        self._works: deque[Work[Job]] = deque()
        self._passes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, works: Sequence[Work[Job]]) -> None:
        """Add works in order of arrival."""
        with self._changed:
            self._works.extend(works)
            self._changed.notify_all()

    def wait_for_room(self, timeout_seconds: float) -> int:
        """Return how many works may come in, after waiting for at least one place."""
        with self._changed:
            self._changed.wait_for(self._has_room, timeout_seconds)
            return max(0, self._capacity - len(self._works))

    def take(self) -> list[Work[Job]]:
        """Return the next batch as soon as there is any work; empty once closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._works or self._closed)
            if not self._works:
                return []
            batch = self._choose()
            self._changed.notify_all()
            return batch

    def close(self) -> list[Work[Job]]:
        """Let no work wait any longer; return those that no batch has taken."""
        with self._changed:
            self._closed = True
            left = list(self._works)
            self._works.clear()
            self._changed.notify_all()
            return left

    def __len__(self) -> int:
        return len(self._works)

    def _has_room(self) -> bool:
        return self._closed or len(self._works) < self._capacity

    def _choose(self) -> list[Work[Job]]:
        must_go = self._passes >= MOST_PASSES
        places = choose(
            [len(work.ids) for work in self._works], self._rows_by_tokens, oldest_must_go=must_go
        )
        self._passes = 0 if places[0] == 0 else self._passes + 1
        taken = set(places)
        batch = [self._works[place] for place in places]
        self._works = deque(work for place, work in enumerate(self._works) if place not in taken)
        return batch
