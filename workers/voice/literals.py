"""What stays as it is when a text is said in another language: figures, links, addresses, signs."""

import re
from collections.abc import Iterable, Iterator

from workers.voice import fact_forms as forms
from workers.voice.brief import RefusalReason
from workers.voice.facts import facts_of
from workers.voice.plain import plain
from workers.voice.spelling import in_digits

Literal = tuple[RefusalReason, str]

_CURRENCIES = (  # and how each is written; codes of money that few sources name stand as they are
    ("€", re.compile(r"€|\beur\b|\beuros?\b", re.IGNORECASE)),
    ("£", re.compile(r"£|\bgbp\b|\bpounds?\b|\bpence\b|(?<=\d)p\b", re.IGNORECASE)),
    ("$", re.compile(r"\$|\busd\b|\bdollars?\b|\bcents?\b", re.IGNORECASE)),
    ("¥", re.compile(r"[¥円元]|\byen\b|\byuan\b", re.IGNORECASE)),
    ("₹", re.compile(r"₹|\binr\b|\brupees?\b|\brs\.?(?=\s?\d)", re.IGNORECASE)),
    ("%", re.compile(r"[%٪]|\bper\s?cent\b", re.IGNORECASE)),
)
_GROUPED = re.compile(r"(?<=\d)[ \u066c](?=\d{3}(?!\d))")  # thousands
_UNIT = r"(?:[kcm]?m|[km]?g|m?l|[kmgt]b|k?wh?|v|h(?:\d\d)?|min|s|st|nd|rd|th|er?|x)(?![A-Za-z\d-])"
_CODE = re.compile(
    rf"(?<![\w-])(?!\d+(?:[.,]\d+)?{_UNIT})(?:[A-Za-z]*\d[\w-]*[A-Za-z][\w-]*|[A-Za-z]+-?\d[\w-]*)",
    re.ASCII | re.IGNORECASE,
)
_REFERENCES: tuple[tuple[RefusalReason, re.Pattern[str]], ...] = (
    ("address", forms.MAIL),
    ("link", forms.LINK),
    ("number", _CODE),
)
_FIGURE = re.compile(r"\d+(?:[.,:'\u066bh]\d+)*")
_WORD = re.compile(r"[A-Za-z][A-Za-z'&-]+")
_DAY_MINUTES = 24 * 60


def literals_of(text: str) -> frozenset[Literal]:
    """Return what a text in any language holds that no translation may change."""
    return frozenset(_literals(_GROUPED.sub("", plain(text))))


def allowed_by(texts: Iterable[str]) -> frozenset[Literal]:
    """Return what may stand in a translation of English texts.

    Spelled numbers may stand in digits, and clock times in twelve hours or twenty-four.
    """
    allowed: set[Literal] = set()
    for text in texts:
        allowed |= literals_of(text) | literals_of(in_digits(plain(text)))
        for fact in facts_of(in_digits(plain(text))):
            if fact.unit == "clock":
                allowed.update(_hours(int(fact.value)))
    return frozenset(allowed)


def names_in(text: str) -> frozenset[str]:
    """Return the words in Latin letters of a text, folded: in another alphabet they are names."""
    return frozenset(word.casefold() for word in _WORD.findall(without_references(plain(text))))


def without_references(text: str) -> str:
    """Return a text without its links and addresses, which are in no language."""
    return forms.LINK.sub(" ", forms.MAIL.sub(" ", text))


def _literals(text: str) -> Iterator[Literal]:
    for sign, written in _CURRENCIES:
        if written.search(text):
            yield "amount", sign
    for kind, pattern in _REFERENCES:
        for found in pattern.findall(text):
            yield kind, _trimmed(found)
        text = pattern.sub(" ", text)
    for figure in _FIGURE.findall(text):
        yield "number", _value(figure)


def _trimmed(written: str) -> str:
    bare = written.casefold().rstrip(".,;:!?)/")
    return bare.removeprefix("https://").removeprefix("http://").removeprefix("www.")


def _value(figure: str) -> str:
    """Return a figure without the marks of its thousands and the zeros that say nothing."""
    if re.fullmatch(r"\d{1,2}[:h]\d\d", figure):
        hour, minute = re.split("[:h]", figure)
        return f"{int(hour)}:{minute}"
    if re.fullmatch(r"\d{1,3}(?:[.,']\d{3})+", figure):
        return re.sub(r"\D", "", figure)
    whole, mark, cents = re.sub("[\u066b,']", ".", figure).rpartition(".")
    if not mark:
        return cents.lstrip("0") or "0"
    cents = cents.rstrip("0")
    return ".".join(part for part in (whole.replace(".", "").lstrip("0") or "0", cents) if part)


def _hours(minutes: int) -> Iterator[Literal]:
    for time in (minutes, (minutes + _DAY_MINUTES // 2) % _DAY_MINUTES):
        hour, minute = divmod(time, 60)
        yield "number", f"{hour}:{minute:02}"
        yield "number", f"{hour}.{minute:02}".removesuffix(".00")
