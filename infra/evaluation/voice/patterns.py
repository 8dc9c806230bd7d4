"""What a fact of each kind looks like in a source."""

import re
from collections.abc import Mapping

from workers.voice.brief import RefusalReason

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
UNITS = ["minute", "hour", "day", "night", "week", "month", "year"]

_MONTH, _WEEKDAY = "|".join(MONTHS), "|".join(WEEKDAYS)
_PERIOD = rf"(?:working )?(?:{'|'.join(UNITS)})s?\b"
_NUMBER = r"\d[\d,]*(?:\.\d+)?"

PATTERNS: Mapping[RefusalReason, re.Pattern[str]] = {
    "address": re.compile(
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b0\d{2,4} \d{3} \d{3,4}\b"
        r"|\b\d+ [A-Z]\w+ (?:Yard|Street|Road|Lane|Avenue)"
    ),
    "link": re.compile(r"(?:https?://|www\.)[^\s)>]+"),
    "amount": re.compile(rf"[£$€]{_NUMBER}|{_NUMBER}\s?(?:%|EUR|GBP|USD|euros?\b|pounds?\b)"),
    "time": re.compile(
        rf"\b\d{{1,2}}(?::\d\d)?(?:[–-]\d+)?\s?(?:am|pm)\b|\b{_NUMBER}(?:[–-]\d+)?[ -]{_PERIOD}"
    ),
    "date": re.compile(rf"\b\d{{1,2}} (?:{_MONTH})\b|\b(?:{_MONTH})\b|\b(?:{_WEEKDAY})s?\b"),
    "number": re.compile(r"\b\d[\d,]*\b"),
    "name": re.compile(
        r"(?<=[a-z,] )(?!I\b|I'|VAT\b|PDF\b|ID\b)[A-Z][a-z]+(?: [A-Z][a-z]+)*|(?<=→ )[A-Z][a-z]+"
    ),
}

# A number belongs to the first of these that it is a part of.
_ORDER: tuple[RefusalReason, ...] = (
    "address", "link", "amount", "time", "date", "number", "name"
)  # fmt: skip


def facts(sentence: str, kind: RefusalReason) -> list[re.Match[str]]:
    """Return where a sentence has facts of a kind, and not of one that comes before it."""
    taken: list[tuple[int, int]] = []
    for each in _ORDER[: _ORDER.index(kind)]:
        taken += [match.span() for match in PATTERNS[each].finditer(sentence)]
    return [
        match
        for match in PATTERNS[kind].finditer(sentence)
        if not any(match.start() < end and start < match.end() for start, end in taken)
    ]
