"""Read the body of POST /chat."""

import msgspec

from gateway.request_body import decode_body
from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.errors import InvalidRequest
from shared.identifiers import IDENTIFIER_FORM, is_identifier
from shared.visible_text import has_visible_character


class ChatRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks, in which conversation."""

    message: str
    conversation_id: str | None = None
    user_id: str | None = None


class _ChatBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same as clients write it: channels have numbers as ids, 4711 or 4711.0."""

    message: str
    conversation_id: str | int | float | None = None
    user_id: str | int | float | None = None


_decoder = msgspec.json.Decoder(_ChatBody)
_MAX_EXACT = 2**53  # beyond, a number with a point stands for several integers


def read_chat_request(body: bytes) -> ChatRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    sent = decode_body(body, _ChatBody, _decoder)
    check_text("message", sent.message)
    return ChatRequest(
        sent.message,
        _identifier("conversation_id", sent.conversation_id),
        _identifier("user_id", sent.user_id),
    )


def _identifier(field: str, value: str | float | None) -> str | None:
    """Return an id as text; an integer is its decimal digits."""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > _MAX_EXACT:
            raise InvalidRequest(f"{field} must be a string or an integer.", field)
        value = int(value)
    text = str(value) if isinstance(value, int) else value
    check_identifier(field, text)
    return text


def check_text(field: str, text: str, max_characters: int = MAX_MESSAGE_CHARACTERS) -> None:
    """Raise InvalidRequest unless a text has a visible character and is not too long."""
    if len(text) > max_characters:
        raise InvalidRequest(
            f"{field} has {len(text)} characters; at most {max_characters} are taken.", field
        )
    if not text:
        raise InvalidRequest(f"{field} is empty.", field)
    if not has_visible_character(text):
        raise InvalidRequest(f"{field} is blank: it has no visible character.", field)


def check_identifier(field: str, value: str | None) -> None:
    """Raise InvalidRequest unless a value, if there is one, can be an id."""
    if value is not None and not is_identifier(value):
        raise InvalidRequest(f"{field} must be {IDENTIFIER_FORM}.", field)
