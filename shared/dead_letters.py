"""Messages and events that could not be processed, as they are kept for an operator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them; `at` is Unix seconds, `queue` the list that a retry puts `raw` back on."""

    id: str | None
    task: str | None
    queue: str
    reason: str
    at: float
    raw: bytes
    traceback: str | None = None
