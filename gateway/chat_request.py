"""Read the body of POST /chat."""

import msgspec

from gateway.request_body import decode_body
from shared.errors import InvalidRequest
from shared.visible_text import has_visible_character
from shared.wire import IDENTIFIER, MAX_MESSAGE_CHARACTERS


class ChatRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks, in which conversation."""

    message: str
    conversation_id: str | None = None
    user_id: str | None = None


_decoder = msgspec.json.Decoder(ChatRequest)


def read_chat_request(body: bytes) -> ChatRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    request = decode_body(body, ChatRequest, _decoder)
    check_text("message", request.message)
    check_identifier("conversation_id", request.conversation_id)
    check_identifier("user_id", request.user_id)
    return request


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
    if value is not None and not IDENTIFIER.match(value):
        raise InvalidRequest(
            f"{field} must be 1 to 128 letters, digits or any of _ . : @ and -.", field
        )
