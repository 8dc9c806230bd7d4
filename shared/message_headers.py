"""Parley's own headers of a message: from the gateway, and from a worker that hands it over.

Anybody can write them: what cannot be so is left out.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.jobs import ChatJob, EarlyVector, Translation
from shared.task_body import MAX_BODY_BYTES
from shared.task_fields import END_OF_TIME
from shared.tracing.context import headers_of

ACCEPTED_AT = "parley_accepted_at"
GATEWAY = "parley_gateway"
# Of messages that were handed over: for a second look, to be put into a model's words.
FIRST_LOOK = "parley_first_look"
DRAFT = "parley_draft"
TRANSLATION = "parley_translation"  # what a model made of a message in another language
# Of a tone task: the model's digest, a blank, and the early vector's halves in base64.
EARLY_VECTOR = "parley_early_vector"

GATEWAY_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,128}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")  # ISO 639

Headers = Mapping[str, Any]
_encoder = msgspec.json.Encoder()
_read_translation = msgspec.json.Decoder(Translation).decode


def accepted_at_of(headers: Headers) -> float | None:
    """Return when a gateway or worker accepted the message; Unix seconds."""
    seconds = headers.get(ACCEPTED_AT)
    # No time has so many digits, and infinity is a number in JSON.
    if isinstance(seconds, float) and 0 <= seconds < END_OF_TIME:
        return seconds
    return None


def gateway_of(headers: Headers) -> str | None:
    """Return the gateway that waits for the reply."""
    gateway = headers.get(GATEWAY)
    return gateway if isinstance(gateway, str) and GATEWAY_ID.match(gateway) else None


def text_in(headers: Headers, name: str) -> str | None:
    """Return a header that is a text; None if it is not there or none."""
    text = headers.get(name)
    return text if isinstance(text, str) else None


def translation_of(headers: Headers) -> Translation | None:
    """Return what a model made of the message."""
    written = text_in(headers, TRANSLATION)
    try:
        translation = None if written is None else _read_translation(written)
    except (msgspec.DecodeError, ValueError, RecursionError):  # another version wrote it
        return None
    if translation is None or len(translation.text) > MAX_MESSAGE_CHARACTERS:
        return None
    return translation if _LANGUAGE.match(translation.language) else None


def early_vector_of(headers: Headers) -> EarlyVector | None:
    """Return what the inference worker left for the tone encoder."""
    model, _, halves = (text_in(headers, EARLY_VECTOR) or "").partition(" ")
    try:
        return EarlyVector(model, base64.b64decode(halves, validate=True)) if halves else None
    except ValueError:
        return None


def early_vector_header(early: EarlyVector | None) -> dict[str, str]:
    """Return the header of an early vector; none without one."""
    if early is None:
        return {}
    return {EARLY_VECTOR: f"{early.model} {base64.b64encode(early.halves).decode()}"}


def with_first_look(raw: bytes, job: ChatJob, first_look: str) -> bytes | None:
    """Add a first look to a job's message, and when it was accepted; None if it gets too long."""
    return _with_header(raw, job, FIRST_LOOK, first_look)


def with_draft(raw: bytes, job: ChatJob, draft: str) -> bytes | None:
    """Add the reply in the entries' own words likewise."""
    return _with_header(raw, job, DRAFT, draft)


def with_translation(raw: bytes, job: ChatJob, translation: Translation) -> bytes | None:
    """Add what a message says in English likewise, and take its draft out."""
    encoded = _encoder.encode(translation).decode()
    return _with_header(raw, job, TRANSLATION, encoded, without=DRAFT)


def _with_header(
    raw: bytes, job: ChatJob, name: str, value: str, without: str = ""
) -> bytes | None:
    envelope: dict[str, Any] = msgspec.json.decode(raw)
    added = {name: value, ACCEPTED_AT: job.accepted_at, **headers_of(job.trace)}
    headers = {**(envelope.get("headers") or {}), **added}
    headers.pop(without, None)
    longer = _encoder.encode({**envelope, "headers": headers})
    return longer if len(longer) <= MAX_BODY_BYTES else None
