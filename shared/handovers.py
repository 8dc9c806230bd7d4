"""A handover: what a person must take over, and all that they need to know of it.

Redis holds each field of a handover as JSON of its own, so that a script can change one field and
put the whole together (shared/lua/handovers.lua).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

import msgspec

from shared.jobs import ToneLabel

HandoverState = Literal["open", "claimed", "closed"]
HandoverReason = Literal[
    "wish",  # the customer asks for a person
    "legal",  # threatens with lawyers or courts
    "self_harm",
    "emergency",
    "unanswered",  # could not be answered twice in a row
    "tone",  # the customer's tone falls
    "entry",  # the knowledge base says so for this question
]
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Attempt:
    """An entry of the knowledge base that was given or offered."""

    id: str
    question: str


@dataclass(frozen=True, slots=True)
class HandoverSummary:
    """What happened before: the customer's last texts, the entries tried, the tones over time."""

    asked: tuple[str, ...] = ()
    tried: tuple[Attempt, ...] = ()
    tones: tuple[ToneLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """A conversation that needs a person; times are Unix seconds.

    `id` is that of the job that opened it. `claimed_by` names the person who has or had it,
    `closed_by` the one who gave it back, if they said who they are.
    """

    id: str
    conversation_id: str
    user_id: str | None
    opened_at: float
    reason: HandoverReason
    summary: HandoverSummary
    state: HandoverState = "open"
    claimed_by: str | None = None
    claimed_at: float | None = None
    closed_at: float | None = None
    note: str | None = None
    closed_by: str | None = None


def encode_opening(handover: Handover, *, webhook: bool) -> bytes:
    """Return what open_handover takes: a JSON object of hash fields, each value JSON as text.

    `webhook`: whether what becomes of this handover is announced to a webhook.
    """
    record = {each.name: to_json(getattr(handover, each.name)) for each in fields(handover)}
    return _encoder.encode(record | {"webhook": to_json(webhook)})


def decode_handover(record: Mapping[bytes, bytes]) -> Handover:
    """Read the hash of a handover."""
    members = (b'"%s":%s' % member for member in record.items())
    return msgspec.json.decode(b"{%s}" % b",".join(members), type=Handover)


def to_json(value: object) -> str:
    """Return a value as one field of the hash holds it."""
    return _encoder.encode(value).decode()
