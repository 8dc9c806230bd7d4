"""A whole result in the entries' own words, as a message carries it to who words it otherwise."""

from dataclasses import dataclass, replace

import msgspec

from shared.errors import MalformedMessage
from shared.task_fields import END_OF_TIME
from workers.consumer.chat_result import ChatResult
from workers.voice.brief import Brief


@dataclass(frozen=True, slots=True)
class Draft:
    """A result that would end its job as it is; `handed_at` (Unix seconds) is when it was left."""

    result: ChatResult
    handed_at: float

    @property
    def brief(self) -> Brief:
        """Return what is to be put into words."""
        assert self.result.brief  # noqa: S101 - `read_draft` takes no other
        return self.result.brief


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Draft)


def encode_draft(result: ChatResult, handed_at: float) -> str:
    """Encode a result for the message's header."""
    return _encode(Draft(result, handed_at)).decode()


def read_draft(header: str | None) -> Draft:
    """Decode a message's header; raise MalformedMessage."""
    try:
        draft = _decoder.decode(header or "")
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedMessage(f"not a draft: {fault}") from fault
    if not _is_plausible(draft):
        raise MalformedMessage("not a draft: something in it cannot be")
    return draft


def without_brief(result: ChatResult) -> ChatResult:
    """Return a result that is not handed over again."""
    return replace(result, brief=None)


def _is_plausible(draft: Draft) -> bool:
    # Anybody can write the header: what is counted must have bounds, and scripts read an opening.
    result = draft.result
    confidence = result.reply.answer.confidence
    bounded = 0 <= confidence <= 1 and 0 <= draft.handed_at < END_OF_TIME
    return bounded and result.brief is not None and not (result.handover or result.embedded)
