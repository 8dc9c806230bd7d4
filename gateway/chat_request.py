"""Read the body of POST /chat."""

import unicodedata

import msgspec

from gateway.request_body import decode_body
from shared.errors import InvalidRequest
from shared.identifiers import IDENTIFIER_FORM, is_identifier
from shared.wire import MAX_MESSAGE_CHARACTERS

# Whitespace, controls and invisible format characters: a message of these alone says nothing.
_INVISIBLE = frozenset(("Cc", "Cf", "Zl", "Zp", "Zs"))


class ChatRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks, in which conversation."""

    message: str
    conversation_id: str | None = None
    user_id: str | None = None


class _ChatBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same as clients write it: channels have numbers as ids, too."""

    message: str
    conversation_id: str | int | None = None
    user_id: str | int | None = None


_decoder = msgspec.json.Decoder(_ChatBody)


def read_chat_request(body: bytes) -> ChatRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    sent = decode_body(body, _ChatBody, _decoder)
    check_text("message", sent.message)
    return ChatRequest(
        sent.message,
        _identifier("conversation_id", sent.conversation_id),
        _identifier("user_id", sent.user_id),
    )


def _identifier(field: str, value: str | int | None) -> str | None:
    """Return an id as text; an integer is its decimal digits."""
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
    if not any(unicodedata.category(char) not in _INVISIBLE for char in text):
        raise InvalidRequest(f"{field} is blank: it has no visible character.", field)


def check_identifier(field: str, value: str | None) -> None:
    """Raise InvalidRequest unless a value, if there is one, can be an id."""
    if value is not None and not is_identifier(value):
        raise InvalidRequest(f"{field} must be {IDENTIFIER_FORM}.", field)
