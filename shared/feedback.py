"""What a person says of a reply."""

from dataclasses import dataclass

WORST_SCORE, BEST_SCORE = 1, 5


@dataclass(frozen=True, slots=True)
class Feedback:
    """A score from 1 (worst) to 5 (best), and a comment; `day` is that on which it is counted.

    `entry` and `kind` are the reply's, which is not kept as long; None of older feedback.
    """

    score: int
    comment: str | None
    at: float
    day: str
    entry: str | None = None
    kind: str | None = None
