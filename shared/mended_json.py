"""JSON as programs write it that cut a text within an emoji."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

Decoded = TypeVar("Decoded")

JSON_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# An escape in JSON: half a surrogate pair (group 1), or anything else, whole pairs included.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decode_mended(decode: Callable[[bytes], Decoded], text: bytes) -> Decoded:
    """Return what a JSON text says; raise one of JSON_FAULTS.

    Half a surrogate pair becomes U+FFFD.
    """
    try:
        return decode(text)
    except JSON_FAULTS:
        return decode(mend(text))


def mend(text: bytes) -> bytes:
    """Replace halves of surrogate pairs in a JSON text by U+FFFD."""
    return _ESCAPE.sub(_replace_half_pair, text)


def _replace_half_pair(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]
