"""What an editor accepts into a base from the desk, before it stands in the base's files."""

from dataclasses import dataclass
from typing import Literal

DraftKind = Literal["entry", "phrasings"]
DraftState = Literal["live", "refused", "in_base"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A new entry, or further phrasings of one that the base has; `at` is Unix seconds.

    `entry` is the id of that entry. `question` and `answer` are a new entry's alone. `gaps` are
    digests of the wordings that it settles: the texts themselves are not kept for that.
    """

    id: str
    kind: DraftKind
    entry: str
    at: float
    question: str = ""
    answer: str = ""
    phrasings: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DraftOutcome:
    """What a worker made of a draft as it was at `draft_at`; `reason` is a sentence.

    live: messages are answered with it; in_base: the files say the same already; refused: why not.
    """

    state: DraftState
    draft_at: float
    reason: str | None = None
