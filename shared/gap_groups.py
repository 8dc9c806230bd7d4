"""Messages without an answer, grouped by what they ask: made by a worker, shown in the desk."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GapGroup:
    """A question that the base may lack: its middle wording, others, and how often it came.

    `nearest` is the entry of the base that is nearest to it, with the probability that it serves;
    `answered`: that is enough for an answer by now.
    `gaps` are the digests of all its wordings, shown or not.
    """

    id: str
    question: str
    wordings: tuple[str, ...]
    times: int
    reasons: Mapping[str, int]
    nearest: str | None
    nearest_question: str
    confidence: float
    answered: bool = False
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GapGroups:
    """All groups of a tenant, the most frequent first.

    `at` (Unix seconds) is when they were made, of the messages that `source` stands for;
    `messages` is how many these were.
    """

    at: float
    source: str
    messages: int
    groups: tuple[GapGroup, ...] = ()
