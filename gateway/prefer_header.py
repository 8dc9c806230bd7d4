"""Read the Prefer header (RFC 7240) as far as POST /chat honours it."""

import re
from dataclasses import dataclass

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preference:
    """How long to wait for a reply, and the words that say so in Preference-Applied."""

    wait_seconds: float
    applied: str | None = None


def read_preference(header: str | None, max_seconds: float) -> Preference:
    """Return what a client prefers; what is not understood is ignored, as the RFC requires."""
    if header is None:
        return Preference(max_seconds)
    words = [part.split(";", 1)[0].strip() for part in header.split(",")]
    asynchronous = any(word.lower() == "respond-async" for word in words)
    waits = [int(match[1]) for match in map(_WAIT.match, words) if match]
    if waits:
        seconds = min(float(waits[0]), max_seconds)
        return Preference(seconds, f"wait={seconds:g}")
    if asynchronous:
        return Preference(0.0, "respond-async")
    return Preference(max_seconds)
