"""When two wordings are the same: for phrasings of a base, and for messages that lack an answer."""

import hashlib
import re

_MARKS = (".", "!", "?")
_LAST_MARK = re.compile(r"(?<=\w)\s*[.!?]\Z")


def plain(text: str) -> str:
    """Normalise a text for comparison: case, spacing and a last mark do not count."""
    spaced = " ".join(text.split())
    if spaced.endswith(_MARKS):
        spaced = _LAST_MARK.sub("", spaced)
    return spaced.casefold()


def wording_digest(text: str) -> str:
    """Return what stands for a wording where the text itself must not be kept."""
    return hashlib.blake2b(plain(text).encode(), digest_size=12).hexdigest()
