"""Read what OpenAI's clients send: bodies, and the members that the routes have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import request

from gateway.chat_request import check_identifier
from gateway.openai_api.errors import MODEL, OpenAiError, unknown_model
from gateway.request_body import read_json
from shared.errors import InvalidRequest
from shared.mended_json import JSON_FAULTS, decode_mended

MAX_BODY_BYTES = 1024 * 1024  # clients send all that was said before with each question


def read_object() -> dict[str, Any]:
    """Return the current request's body, which names a model that is served."""
    request.max_content_length = MAX_BODY_BYTES
    try:
        body = decode_mended(msgspec.json.decode, read_json())
    except JSON_FAULTS as fault:
        raise InvalidRequest(f"The body is not valid JSON: {fault}.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str):
        raise OpenAiError("you must provide a model parameter, a string.", "model")
    if model != MODEL:
        raise unknown_model(model)
    return body


def optional(body: Mapping[str, Any], name: str, kind: type, wanted: str) -> Any:
    """Return a member, None if it is null or not there; raise InvalidRequest for another kind."""
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise InvalidRequest(f"{name} must be {wanted}.", name)
    return value


def refuse_unless(
    body: Mapping[str, Any], name: str, allowed: Sequence[object], reason: str
) -> None:
    """Raise InvalidRequest if a member asks for what Parley does not do."""
    value = body.get(name)
    if value is not None and not any(_equal(value, one) for one in allowed):
        raise InvalidRequest(f"{name} is not supported with this value: {reason}", name)


def _equal(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def read_user(body: Mapping[str, Any]) -> str | None:
    """Return the id of the person who asks."""
    metadata = read_metadata(body)
    for name, value in (
        ("metadata.user_id", metadata.get("user_id")),
        ("user", optional(body, "user", str, "a string")),
        ("safety_identifier", optional(body, "safety_identifier", str, "a string")),
    ):
        check_identifier(name, value)
        if value is not None:
            return str(value)
    return None


def read_conversation(body: Mapping[str, Any]) -> str | None:
    """Return the id of the conversation that the metadata name."""
    conversation_id = read_metadata(body).get("conversation_id")
    check_identifier("metadata.conversation_id", conversation_id)
    return conversation_id


def read_metadata(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the metadata: strings by name."""
    metadata: dict[str, Any] = optional(body, "metadata", dict, "an object") or {}
    for name, value in metadata.items():
        if not isinstance(value, str):
            raise InvalidRequest(f"metadata.{name[:80]} must be a string.", "metadata")
    return metadata
