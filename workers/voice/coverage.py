"""What of an entry's own words a reply has not said yet."""

import re
from dataclasses import dataclass

from workers.voice.plain import steps_of
from workers.voice.reading import Reading, is_denial, read
from workers.voice.sentences import sentences_of

_SAID_SHARE = 0.6  # of a sentence's words of content
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_LIST_ITEM = re.compile(r"^\s*(?:[-+*•]\s|\(?\d{1,3}[.)]\s|\|)")
_HEADING = re.compile(r"\s*(?:#{1,6}\s+[^\n]+|\*\*[^\n]+\*\*:?|__[^\n]+__:?)\s*\Z")


def remaining_words(words: str, shown: str) -> str:
    """Return what is left to say of an entry's words (Markdown) after `shown`, in order.

    A sentence is said if its facts, its paths through menus and most of its words of content were
    shown. A list is left whole or not at all, a heading only above something that is left.
    """
    if not shown.strip():
        return words
    said = _Said(read(shown), steps_of(shown))
    left: list[str] = []
    heading: str | None = None
    for block in _blocks(words):
        if _HEADING.match(block):
            heading = block
            continue
        rest = said.left_of(block)
        if rest:
            left += [heading, rest] if heading is not None else [rest]
            heading = None
    return "\n\n".join(left)


def _blocks(words: str) -> list[str]:
    """Return the paragraphs, lists and headings; a heading's line is a block of its own."""
    blocks: list[str] = []
    for part in _BLANK_LINES.split(words.strip("\n")):
        first, _, rest = part.partition("\n")
        if rest and _HEADING.match(first) and not _LIST_ITEM.match(first):
            blocks += [first, rest]
        else:
            blocks.append(part)
    return blocks


@dataclass(frozen=True, slots=True)
class _Said:
    shown: Reading
    steps: frozenset[tuple[str, str]]

    def left_of(self, block: str) -> str:
        """Return the sentences of a block that were not said."""
        is_list = any(_LIST_ITEM.match(line) for line in block.split("\n"))
        sentences = sentences_of(block)
        left = [sentence for sentence in sentences if not self._holds(sentence)]
        if is_list or len(left) == len(sentences):
            return block if left else ""
        return "".join(left).strip()

    def _holds(self, sentence: str) -> bool:
        reading = read(sentence)
        if not {fact.key for fact in reading.facts} <= {fact.key for fact in self.shown.facts}:
            return False
        if is_denial(reading.text) and not is_denial(self.shown.text):
            return False
        if not steps_of(sentence) <= self.steps:
            return False
        common = len(reading.stems & self.shown.stems)
        return common >= _SAID_SHARE * len(reading.stems)
