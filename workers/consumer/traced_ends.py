"""What the span of a message says of its end; never a word of its text."""

from typing import Any

from shared.jobs import Tone
from shared.tracing import names
from shared.tracing.tracer import Attributes
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion

_MALFORMED = "the message is malformed"  # the fault itself may quote it


def outcome_of(completion: Completion[Any, Any]) -> str:
    """Return the state that a message ends in."""
    return "dead_letter" if completion.dead_letter else completion.state


def error_of(completion: Completion[Any, Any]) -> tuple[str, str] | None:
    """Return type and reason of a message's failure."""
    if completion.failure is None:
        return None
    if completion.dead_letter is None:
        return completion.state, completion.failure.detail
    known = completion.job is not None
    return "dead_letter", completion.dead_letter.reason if known else _MALFORMED


def attributes_of(result: object) -> Attributes:
    """Return what is said of a result: kind, encoder and tone of a reply, or the tone alone."""
    if isinstance(result, Tone):
        return {names.TONE: result.label}
    if not isinstance(result, ChatResult) or result.embedded:
        return {}
    reply = result.reply
    return {
        names.ANSWER_KIND: reply.answer.kind,
        names.CONFIDENCE: reply.answer.confidence,
        names.ENCODER: reply.encoder,
        names.VARIANT: reply.variant,
        names.TONE: reply.tone.label,
    }
