"""What a reply says that its sources do not: by patterns alone, and stricter than what serves.

It shares no code with the guards: what slips through both has fooled two different readers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.evaluation.voice.numerals import in_digits
from infra.evaluation.voice.patterns import MONTHS, UNITS, WEEKDAYS
from infra.evaluation.voice.plain_text import visible, without_markdown
from workers.voice.brief import Brief

_NUMBER = r"\d+(?:[.,:]\d+)*"
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b(?:/\S*)?"
)
_AMOUNT = re.compile(
    rf"[£$€]\s?{_NUMBER}|{_NUMBER}\s?(?:%|per ?cent\b|EUR\b|GBP\b|pounds?\b|euros?\b)"
)
_PERIOD = re.compile(
    rf"({_NUMBER})(?:\s?[–-]\s?({_NUMBER})| to ({_NUMBER}))?[ -]?"
    rf"((?:working )?(?:{'|'.join([*UNITS, 'time'])})s?\b|[ap]\.?m\b)",
    re.IGNORECASE,
)
_DAYS = [*MONTHS, *WEEKDAYS]
_SHOUTED = [name.upper() for name in _DAYS if name not in {"May", "March"}]  # these are words, too
_DAY = re.compile(rf"\b(?:{'|'.join([*_DAYS, *_SHOUTED])})")
_SIZE = re.compile(
    r"\b(?:half|quarter|dozen|fortnight|double|triple|twice|overnight|today|tonight|tomorrow"
    r"|yesterday)\b|\w+ (?:dot|\[dot\]) [a-z]{2,4}\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"\b[IVXLCDM]{2,}\b")
_NAME = re.compile(r"(?<=[a-z0-9,;:'’)] )[A-Z][\w'-]+|(?<=→ )[A-Z][\w'-]+")
_PRONOUN = re.compile(r"I(?:'\w+)?$")
_SIGNS = {"per cent": "%", "percent": "%", "pounds": "£", "pound": "£", "GBP": "£"} | {
    "euros": "€", "euro": "€", "EUR": "€"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """A text as it is searched for facts: as it looks, and with all numbers in digits."""

    plain: str
    digits: str

    @classmethod
    def of(cls, text: str) -> "_Told":
        plain = without_markdown(visible(text))
        return cls(plain, in_digits(plain))


def unborne_facts(shown: str, brief: Brief) -> tuple[str, ...]:
    """Return what a reply says of numbers, amounts, times, days, addresses and names that no
    source says, in the order of these.

    The reply in the base's own words is a source too.
    """
    sources = [text for source in brief.sources for text in (source.title, source.text)]
    may = set(_facts(_Told.of("\n".join([*sources, brief.words, brief.kept]))))
    words = {word.casefold() for text in sources for word in re.findall(r"[\w'-]+", visible(text))}
    words |= {word.casefold() for word in re.findall(r"[\w'-]+", f"{brief.words} {brief.kept}")}
    told = _Told.of(shown)
    found = [fact for fact in _facts(told) if fact not in may]
    names = [name for name in _names(told.plain) if name.casefold() not in words]
    return tuple(dict.fromkeys([*found, *(names if brief.language == "en" else [])]))


def _facts(told: _Told) -> Iterator[str]:
    yield from (found.rstrip(".,;:!?)").casefold() for found in _ADDRESS.findall(told.plain))
    yield from _numbers(told)
    yield from (_amount(found) for found in _AMOUNT.findall(told.digits))
    for first, *lasts, unit in _PERIOD.findall(told.digits):
        singular = unit.lower().replace(".", "").rstrip("s")
        yield from (f"{number} {singular}" for number in (first, *lasts) if number)
    yield from (found.capitalize() for found in _DAY.findall(told.plain))
    yield from _ROMAN.findall(told.plain)
    yield from (found.lower() for found in _SIZE.findall(told.plain))


def _numbers(told: _Told) -> Iterator[str]:
    for number in re.findall(_NUMBER, told.digits):
        # "One of them" counts nothing.
        if number != "1" or re.search(r"\b1\b", told.plain):
            yield number


def _amount(found: str) -> str:
    number = re.search(_NUMBER, found)
    unit = re.sub(rf"{_NUMBER}|\s", "", found.replace("per cent", "%"))
    return f"{_SIGNS.get(unit, unit)}{number[0] if number else ''}"


def _names(plain: str) -> Iterator[str]:
    for name in _NAME.findall(plain):
        if not _PRONOUN.match(name):
            yield name
