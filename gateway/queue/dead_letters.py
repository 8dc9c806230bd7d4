"""Whose messages lie in the dead letters."""

import base64
import binascii
import json
from collections.abc import Collection, Iterator

import msgspec

from shared.dead_letters import DeadLetter


class _Envelope(msgspec.Struct, frozen=True):
    """The member of a queued message that holds its arguments."""

    body: str


_letter = msgspec.json.Decoder(DeadLetter)
_envelope = msgspec.json.Decoder(_Envelope)


def mentions(record: bytes, ids: Collection[str]) -> bool:
    """Return whether a dead letter, as it is stored, is of a job or names one of these ids."""
    try:
        letter = _letter.decode(record)
    except (msgspec.DecodeError, ValueError):
        return False
    return letter.id in ids or any(
        form in text for text in _texts(letter.raw) for each in ids for form in _forms(each)
    )


def _forms(text: str) -> tuple[bytes, bytes]:
    """Return a text as JSON, as it stands there in UTF-8 and in ASCII alone."""
    return msgspec.json.encode(text), json.dumps(text).encode()


def _texts(raw: bytes) -> Iterator[bytes]:
    """Yield a queued message and, where it can be read, what its body says."""
    yield raw
    try:
        yield base64.b64decode(_envelope.decode(raw).body, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError):
        return
