"""What an encoder reads of a clean message: spelt out, without pleasantries."""

from workers.reading.pleasantries import strip_pleasantries
from workers.reading.twice import spelling_of


def rewrite(text: str) -> str:
    """Return what a clean message asks, in the words that an encoder knows."""
    return strip_pleasantries(spelling_of(text))
