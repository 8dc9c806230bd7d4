"""What an editor accepts into a base from the desk, before it stands in the base's files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

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


_encode = msgspec.json.Encoder().encode
_draft = msgspec.json.Decoder(Draft)
_outcome = msgspec.json.Decoder(DraftOutcome)


def encode(record: Draft | DraftOutcome) -> bytes:
    """Return a record as it is kept."""
    return _encode(record)


def decode_drafts(records: Iterable[bytes]) -> list[Draft]:
    """Read drafts; what another version wrote, and this one cannot read, is left out."""
    return [each for each in map(_read_draft, records) if each is not None]


def decode_outcome(record: bytes) -> DraftOutcome | None:
    """Read an outcome; None if another version wrote what this one cannot read."""
    try:
        return _outcome.decode(record)
    except ValueError:
        return None


def _read_draft(record: bytes) -> Draft | None:
    try:
        return _draft.decode(record)
    except ValueError:
        return None
