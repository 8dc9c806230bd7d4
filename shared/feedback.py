"""What a person says of a reply."""

from dataclasses import dataclass

WORST_SCORE, BEST_SCORE = 1, 5


@dataclass(frozen=True, slots=True)
class Feedback:
    """A score from 1 (worst) to 5 (best), and a comment; `day` is that on which it is counted."""

    score: int
    comment: str | None
    at: float
    day: str
