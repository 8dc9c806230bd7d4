"""Texts made comparable: without Markdown, disguised characters and differences of case."""

import re
import unicodedata

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁӏАВЕКМНОРСТХΑΒΕΗΙΚΜΝΟΡΤΧοα․", "aeopcyxijsdlABEKMHOPCTXABEHIKMNOPTXoa."
)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_MARKS = re.compile(r"[*_`#>|]+|^\s*(?:[-+•]|\d+[.)])\s+", re.MULTILINE)
_TAGS = re.compile(r"</?[a-z]+>")
_BLANKS = re.compile(r"\s+")
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")


def visible(text: str) -> str:
    """Return a text as it looks: one code point for what looks alike, nothing invisible."""
    folded = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).replace("’", "'")
    return "".join(each for each in folded if each == "\n" or unicodedata.category(each)[0] != "C")


def without_markdown(text: str) -> str:
    """Return a text without marks; a link keeps its words and its address."""
    return _TAGS.sub("", _MARKS.sub("", _LINK.sub(r"\1 \2", text)))


def comparable(text: str) -> str:
    """Return the words of a text, small, with a blank between them."""
    return _BLANKS.sub(" ", without_markdown(visible(text))).casefold().strip(" .!?:,;\"'")


def sentences(text: str) -> list[str]:
    """Return the sentences of a Markdown text, without the marks of lists."""
    lines = (_strip(line) for line in text.splitlines())
    return [part.strip() for line in lines for part in _ENDS.split(line) if len(part.strip()) > 1]


def _strip(line: str) -> str:
    return re.sub(r"^\s*(?:[-*+•]\s|\d+[.)]\s|#+\s|>\s?)\s*", "", line)
