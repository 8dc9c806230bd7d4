"""Numbers in English words, both ways.

Its own, though workers/voice/spelling.py reads them too: what judges the guard shares no code
with it.
"""

import re

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_UNITS = {word: value for value, word in enumerate(_SMALL)}
_DECADES = {word: 20 + 10 * place for place, word in enumerate(_TENS)}
_WORD = "|".join([*_DECADES, *sorted(_SMALL, key=len, reverse=True), "hundred", "thousand"])
_WORDS = re.compile(rf"\b(?:{_WORD})(?:(?:[ -]| and )(?:{_WORD}))*\b", re.IGNORECASE)
_JOINTS = re.compile(r"[ -]| and ")


def in_words(number: int) -> str:
    """Return a number below a million in words."""
    if number < len(_SMALL):
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[rest]}" if rest else "")
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    front, rest = divmod(number, size)
    joint = " and " if rest < 100 else " "
    return f"{in_words(front)} {name}" + (joint + in_words(rest) if rest else "")


def in_digits(text: str) -> str:
    """Return a text with its numbers in words as digits, 1,000 as 1000."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return _WORDS.sub(lambda found: str(_value(found[0].lower())), plain)


def _value(words: str) -> int:
    total, part = 0, 0
    for word in _JOINTS.split(words):
        if word == "hundred":
            part = max(part, 1) * 100
        elif word == "thousand":
            total, part = total + max(part, 1) * 1000, 0
        else:
            part += _UNITS.get(word, _DECADES.get(word, 0))
    return total + part
