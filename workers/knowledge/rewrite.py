"""What an encoder reads of a clean message: spelt out, without pleasantries."""

from workers.reading.pleasantries import strip_pleasantries
from workers.reading.spelling import spell_out


def rewrite(text: str) -> str:
    """Return what a clean message asks, in the words that an encoder knows."""
    return strip_pleasantries(spell_out(text))
