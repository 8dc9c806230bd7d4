"""Patterns that are looked for only in texts that hold what they cannot do without."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def holds_any(text: str, parts: Sequence[str]) -> bool:
    """Tell whether a text holds at least one of these."""
    return any(map(text.__contains__, parts))


@dataclass(frozen=True, slots=True)
class GatedPattern:
    """A pattern, and parts of which whatever it matches holds at least one.

    A pattern that begins with a choice is tried at every character; a few parts are found in a
    tenth of that time, and most texts hold none.
    """

    pattern: re.Pattern[str]
    parts: tuple[str, ...]

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match, if there is one."""
        return self.pattern.search(text) if holds_any(text, self.parts) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return all matches, in order."""
        return self.pattern.finditer(text) if holds_any(text, self.parts) else iter(())


def gated(pattern: str, *parts: str) -> GatedPattern:
    """Compile a pattern with the parts of which it needs one."""
    return GatedPattern(re.compile(pattern), parts)
