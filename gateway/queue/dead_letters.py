"""Whose messages lie in the dead letters."""

import json
from collections.abc import Collection, Iterator

import msgspec

from shared.dead_letters import DeadLetter
from shared.task_message import peek_arguments

_letter = msgspec.json.Decoder(DeadLetter)


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
    """Yield a queued message and, where it can be read, what its task is called with."""
    yield raw
    yield peek_arguments(raw)
