"""When two wordings are the same: for phrasings of a base, and for messages that lack an answer."""

import hashlib
import re

_SPACE = re.compile(r"\s+")
_LAST_MARK = re.compile(r"(?<=\w)\s*[.!?]\Z")


def plain(text: str) -> str:
    """Normalise a text for comparison: case, spacing and a last mark do not count."""
    return _LAST_MARK.sub("", _SPACE.sub(" ", text).strip()).casefold()


def wording_digest(text: str) -> str:
    """Return what stands for a wording where the text itself must not be kept."""
    return hashlib.blake2b(plain(text).encode(), digest_size=12).hexdigest()
