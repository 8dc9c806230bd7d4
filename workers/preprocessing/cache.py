"""A size-bounded memory of what was worked out for a phrase, least recently used out first."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """How a cache served so far; `hit_rate` is 0–1, 0 before the first look-up."""

    hits: int
    misses: int
    entries: int

    @property
    def hit_rate(self) -> float:
        """Return the share of look-ups that were answered."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0


class PhraseCache(Generic[Value]):
    """Values by phrase: at most `most_entries`, none for a phrase over `most_characters`.

    With `most_entries` 0 it remembers nothing. Safe to share between threads.
    """

    def __init__(self, most_entries: int = 20_000, most_characters: int = 512) -> None:
        self._most_entries = most_entries
        self._most_characters = most_characters
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = Lock()
        self._hits = 0
        self._misses = 0

    def get(self, phrase: str) -> Value | None:
        """Return what is remembered for `phrase` and count the hit or the miss."""
        with self._lock:
            value = self._values.get(phrase)
            if value is None:
                self._misses += 1
            else:
                self._hits += 1
                self._values.move_to_end(phrase)
            return value

    def put(self, phrase: str, value: Value) -> None:
        """Remember `value`; the phrase unused for longest makes room."""
        if len(phrase) > self._most_characters:
            return
        with self._lock:
            self._values[phrase] = value
            self._values.move_to_end(phrase)
            if len(self._values) > self._most_entries:
                self._values.popitem(last=False)

    @property
    def figures(self) -> CacheFigures:
        """Return hits, misses and entries as they stand."""
        with self._lock:
            return CacheFigures(self._hits, self._misses, len(self._values))
