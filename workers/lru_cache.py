"""A cache of bounded size; the least recently used value is evicted first."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How a cache has served so far."""

    hits: int
    misses: int
    entries: int


class LruCache(Generic[Key, Value]):
    """At most `most_entries` values by key; 0: it stores nothing. Any thread may use it."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()
        self._hits = 0
        self._misses = 0

    def get(self, key: Key) -> Value | None:
        """Return the value of `key`, or None, and count the hit or the miss."""
        with self._lock:
            value = self._values.get(key)
            if value is None:
                self._misses += 1
            else:
                self._hits += 1
                self._values.move_to_end(key)
            return value

    def put(self, key: Key, value: Value) -> None:
        """Store `value`; the one unused for longest is evicted."""
        if not self._max_entries:
            return
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)

    @property
    def stats(self) -> CacheStats:
        """Return hits, misses and entries as they stand."""
        with self._lock:
            return CacheStats(self._hits, self._misses, len(self._values))
