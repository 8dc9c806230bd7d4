"""What the base could not answer, kept without who asked it: for `parley kb gaps`."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from shared.counts import REASKED_FROM
from shared.jobs import ChatJob
from workers.dialogue.decision import Decision, Heard
from workers.reading.choices import is_bare_choice
from workers.redaction import Redactor

GapReason = Literal["fallback", "unanswered", "reask"]
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Gap:
    """A message that got no answer, or asks again: redacted. `entry` is what was nearest."""

    text: str
    reason: GapReason
    entry: str | None


_decoder = msgspec.json.Decoder(Gap)


class GapRecorder:
    """Record the messages that show what a base lacks."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def record(self, job: ChatJob, heard: Heard, decision: Decision) -> bytes:
        """Return the record of a message, empty if it shows nothing."""
        reason = _reason(heard, decision)
        if reason is None:
            return b""
        text, entry = job.read_text, decision.answer.id
        if heard.choice is not None or is_bare_choice(heard.text):
            # "Neither" is no gap, but what was asked back about is one.
            asked = heard.dialogue.asked[-1:] if heard.choice == () else ()
            if not asked:
                return b""
            text, entry = asked[0].text, asked[0].entry
        return _encode(Gap(self._redactor.redact(text), reason, entry))


def decode_gap(record: bytes) -> Gap:
    """Read what `record` returned."""
    return _decoder.decode(record)


def _reason(heard: Heard, decision: Decision) -> GapReason | None:
    if heard.recalls or heard.unreadable or heard.with_person:
        return None
    if decision.handover == "unanswered":
        return "unanswered"
    kind = decision.answer.kind
    if kind == "fallback":
        return "fallback"
    asks_again = heard.reask_score is not None and heard.reask_score >= REASKED_FROM
    return "reask" if asks_again and kind in ("answer", "clarify") else None
