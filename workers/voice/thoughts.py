"""What a reasoning model thinks aloud before it answers, where its server does not take it out."""

from collections.abc import Iterable, Iterator

_BEGIN, _END = "<think>", "</think>"


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a reply's text without thoughts at its beginning, nor white space before it."""
    text, rest = "", iter(pieces)
    for piece in rest:
        text = _after_thoughts(text + piece)
        if text and not _BEGIN.startswith(text[: len(_BEGIN)]):
            yield text
            yield from rest
            return
    if not text.startswith(_BEGIN):
        yield from (text,) if text else ()


def _after_thoughts(text: str) -> str:
    """Return what follows thoughts that have ended; all of the text if it has none."""
    text = text.lstrip()
    if not text.startswith(_BEGIN):
        return text
    _, end, said = text.partition(_END)
    return said.lstrip() if end else text
