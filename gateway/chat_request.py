"""Read the body of POST /chat and say exactly what is wrong with one that will not do."""

import unicodedata
from typing import Any

import msgspec

from shared.errors import InvalidRequest
from shared.wire import IDENTIFIER, MAX_MESSAGE_CHARACTERS

# Whitespace, controls and invisible format characters: a message of these alone says nothing.
_INVISIBLE = frozenset(("Cc", "Cf", "Zl", "Zp", "Zs"))
_FIELDS = ("message", "conversation_id", "user_id")


class ChatRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks, in which conversation."""

    message: str
    conversation_id: str | None = None
    user_id: str | None = None


_decoder = msgspec.json.Decoder(ChatRequest)


def read_chat_request(body: bytes) -> ChatRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    try:
        request = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _diagnose(body) from None
    _check_message(request.message)
    _check_identifier("conversation_id", request.conversation_id)
    _check_identifier("user_id", request.user_id)
    return request


def _check_message(message: str) -> None:
    if len(message) > MAX_MESSAGE_CHARACTERS:
        raise InvalidRequest(
            f"message has {len(message)} characters; at most {MAX_MESSAGE_CHARACTERS} are taken.",
            "message",
        )
    if not message:
        raise InvalidRequest("message is empty.", "message")
    if not any(unicodedata.category(char) not in _INVISIBLE for char in message):
        raise InvalidRequest("message is blank: it has no visible character.", "message")


def _check_identifier(field: str, value: str | None) -> None:
    if value is not None and not IDENTIFIER.match(value):
        raise InvalidRequest(
            f"{field} must be 1 to 128 letters, digits or any of _ . : @ and -.", field
        )


def _diagnose(body: bytes) -> InvalidRequest:
    if not body.strip():
        return InvalidRequest("The body is empty; send a JSON object with a message.")
    try:
        found = msgspec.json.decode(body)
    except UnicodeDecodeError:
        return InvalidRequest("The body is not valid UTF-8.")
    except RecursionError:
        return InvalidRequest("The body is JSON that is nested too deeply.")
    except msgspec.DecodeError as fault:
        return InvalidRequest(f"The body is not valid JSON: {_reason(fault)}.")
    if not isinstance(found, dict):
        return InvalidRequest(f"The body must be a JSON object, not {_kind(found)}.")
    return _diagnose_fields(found)


def _diagnose_fields(found: dict[str, Any]) -> InvalidRequest:
    for field in found:
        if field not in _FIELDS:
            known = ", ".join(_FIELDS)
            return InvalidRequest(f"{field[:80]} is not a known field; known are {known}.", field)
    if "message" not in found:
        return InvalidRequest("message is missing.", "message")
    for field, value in found.items():
        if not isinstance(value, str) and (value is not None or field == "message"):
            return InvalidRequest(f"{field} must be a string, not {_kind(value)}.", field)
    return InvalidRequest("The body is not a chat request.")


def _reason(fault: msgspec.DecodeError) -> str:
    reason = str(fault).removeprefix("JSON is malformed: ")
    return "it ends too early" if reason == "Input data was truncated" else reason


def _kind(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string"}
    if value is None:
        return "null"
    return "a boolean" if isinstance(value, bool) else names.get(type(value), "a number")
