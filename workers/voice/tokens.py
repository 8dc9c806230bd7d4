"""A sentence word by word, with one token for words of one sense."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workers.voice import wording
from workers.voice.reading import Reading
from workers.voice.vocabulary import EMPTY, words_in

_LONGEST = 200  # words of a sentence that are read
_LONGEST_ITEM = 4  # words of a part of a list
_REWORDED = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\bcan(?:'t|not)\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"n't\b", " not"),
        (r"'(?:ve|d|m|ll|re)\b", " "),
        (r"\b(it|that|there|what|he|she|who|here)'s\b", r"\1 "),
        (r"\bup\s+to\b", "until"),
        (r"\bafter\s+(?:that|this|which)\b|\bafterwards\b", "then"),
        (r"(#\S+)\s+or\s+(?:more|over|older|above|longer|later)\b", r"at least \1"),
        (r"\byou\s+(?:will\s+|can\s+|may\s+)?(?:be|are|get|receive)\b", "we"),
        (r"\bjust\s+(?=needs?\b)", "only "),
        (r"\btry\s+to\b", ""),
        (r"\bfrom\s+(?=#(?:clock|weekday|day|month))", ""),
        (r"\b(?:under|over|up|within)\s+(?!#)", ""),
    )
)
_WORD = re.compile(r"#\S+|[^\W_]+(?:'[^\W_]+)?|[,;:.()>!?\"]")
AND, OR, NOT = "<and>", "<or>", "<not>"
PERSONS = frozenset(("<you>", "<we>"))
# One sense each: none may come or go, nor stand for another.
_SENSES: Mapping[str, str] = {
    word: f"<{words.split()[0]}>"
    for words in (
        "not no never none neither nor without cannot nothing nobody",
        "before until till prior",
        "after once since",
        "only solely exclusively alone",
        "all every each any everyone everybody everything anyone anybody whole entire",
        "most",
        "always anytime ever forever whenever permanently indefinitely",
        "even",
        "some",
        "usually normally generally typically often mostly",
        "within inside",
        "outside",
        "from",
        "off",
        "out",
        "and",
        "or",
        "down",
        "first",
        "last",
        "next",
        "more over above beyond exceed exceeds",
        "less fewer under below beneath",
        "against",
        "between",
        "through",
        "again",
        "short shorter",
        "you your yours yourself",
        "we us our ours i me my",
    )
    for word in words.split()
}
_WORTH = words_in(
    """
    already ahead away back instead soon best quick quickly easy easily exclude excludes
    excluded own further look looks use uses using
    """
)
_HARMLESS = EMPTY - frozenset(_SENSES) - _WORTH | words_in(
    "s t too well simply just kindly should off-hand"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words that count, and the places before which a clause ends."""

    words: tuple[str, ...]
    breaks: frozenset[int]

    @property
    def alternatives(self) -> frozenset[str]:
        """Return the words that are named beside an "or"."""
        found: set[str] = set()
        for place, word in enumerate(self.words):
            if word == OR:
                found.update(self.words[place + 1 : place + 2])
                found.update(self._listed_before(place))
        return frozenset(each for each in found if each[0] not in "<#")

    def _listed_before(self, place: int) -> Iterator[str]:
        """Yield the last word of each item that ends before a place."""
        while place:
            yield self.words[place - 1]
            starts = [each for each in self.breaks if place - _LONGEST_ITEM <= each < place]
            place = max(starts, default=0)


def is_weighty(token: str) -> bool:
    """Tell whether a token stands for a word that bounds, denies or orders."""
    return token[0] == "<"


def tokens_of(reading: Reading) -> Tokens:
    """Return what stands for each word of a sentence: facts are one word each."""
    text = _with_facts(reading).lower()
    for pattern, put in _REWORDED:
        text = pattern.sub(put, text)
    words: list[str] = []
    breaks: set[int] = set()
    for word in _WORD.findall(text):
        if not word[0].isalnum() and word[0] != "#":
            breaks.add(len(words))
        elif word not in _HARMLESS:
            words.append(_token(word))
    return Tokens(tuple(words[:_LONGEST]), frozenset(breaks))


def _token(word: str) -> str:
    return word if word[0] == "#" else _SENSES.get(word) or wording.stem_of(word)


def _with_facts(reading: Reading) -> str:
    parts: list[str] = []
    last = 0
    for start, end, name in _spans(reading):
        parts += [reading.text[last:start], f" #{name} "]
        last = end
    return "".join([*parts, reading.text[last:]])


def _spans(reading: Reading) -> Iterator[tuple[int, int, str]]:
    names: dict[tuple[int, int], list[str]] = {}
    for fact in reading.facts:
        names.setdefault((fact.start, fact.end), []).append(f"{fact.unit}{fact.value}")
    for (start, end), keys in sorted(names.items()):
        yield start, end, re.sub(r"\s+", "_", "+".join(sorted(keys)))
