"""Patterns that are looked for only in texts, and at places, where they can be."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def holds_any(text: str, parts: Sequence[str]) -> bool:
    """Tell whether a text holds at least one of these."""
    for part in parts:  # noqa: SIM110 - any() and map() cost more than the few parts
        if part in text:
            return True
    return False


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


def at_words(pattern: str, marks: str = "") -> re.Pattern[str]:
    """Compile a choice of which each part begins where a word does, or with one of these marks.

    Elsewhere no part is tried, which is most of what a long choice costs.
    """
    begins = r"\b(?=\w)" + (f"|(?=[{marks}])" if marks else "")
    return re.compile(f"(?:{begins})(?:{pattern})")
