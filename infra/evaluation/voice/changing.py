"""Other facts in place of those of a source: a wrong value, a wrong unit, in words."""

import re
from collections.abc import Iterator

from infra.evaluation.voice.choosing import chosen
from infra.evaluation.voice.falsehood import Twist
from infra.evaluation.voice.numerals import in_words
from infra.evaluation.voice.patterns import MONTHS, UNITS, WEEKDAYS
from workers.voice.brief import RefusalReason

_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_RANGE = re.compile(r"\d[–-]\d")
_SWAPS = (
    ("working day", "day"),
    ("am", "pm"),
    ("pm", "am"),
    ("£", "€"),
    ("€", "£"),
    ("$", "€"),
    (" %", " pounds"),
    ("%", " pounds"),
)
_NAMES = ("Harrowgate", "Clover", "Purchases", "Bluestone", "Members", "Lindqvist", "Services")
_MAILS = ("service", "contact", "vip", "refunds", "office")


def changes(fact: str, kind: RefusalReason, seed: object) -> Iterator[tuple[Twist, str]]:
    """Yield what may stand in place of a fact, and how it was changed."""
    if kind in {"address", "link"}:
        yield "changed", _other_address(fact, seed)
        return
    if kind == "name":
        yield "changed", chosen([name for name in _NAMES if name != fact], seed, fact)
        return
    other = _other_names(fact, seed)
    if number := _DIGITS.search(fact):
        in_range = bool(_RANGE.search(fact))
        largest = 10**6 if in_range else _largest(fact, kind)
        changed = _other_number(number[0], seed, largest=largest, in_range=in_range)
        other = fact[: number.start()] + changed + fact[number.end() :]
        yield from (("words", words) for words in _in_words(other))
        yield from (("unit", swapped) for swapped in _other_unit(fact, seed))
    yield "changed", other


def _largest(fact: str, kind: RefusalReason) -> int:
    if kind == "date":
        return 28
    return 12 if kind == "time" and fact.endswith(("am", "pm")) else 10**6


def _other_number(digits: str, seed: object, *, largest: int, in_range: bool) -> str:
    whole, _, cents = digits.replace(",", "").partition(".")
    value = int(whole)
    options = [value + 15, value * 10]
    if not in_range:
        options += [value + 1, value + 2, value * 2, value - 1, value // 2]
    fitting = [each for each in options if 1 < each <= largest and each != value]
    changed = chosen(fitting, seed, digits)
    return f"{changed:,}" + (f".{cents}" if cents else "")


def _other_names(fact: str, seed: object) -> str:
    """Return the fact with other names of days and months."""
    for names in (MONTHS, WEEKDAYS):
        for name in names:
            if name in fact:
                return fact.replace(name, chosen([x for x in names if x != name], seed, fact))
    return fact


def _other_unit(fact: str, seed: object) -> Iterator[str]:
    for unit, other in _SWAPS:
        if unit in fact:
            yield fact.replace(unit, other)
            break
    for unit in UNITS:
        if re.search(rf"\b{unit}s?\b", fact):
            others = [each for each in UNITS if each not in {unit, "night"}]
            yield fact.replace(unit, chosen(others, seed, fact))


def _in_words(fact: str) -> Iterator[str]:
    number = _DIGITS.search(fact)
    if number is None or ":" in fact or _RANGE.search(fact):
        return
    whole, _, cents = number[0].replace(",", "").partition(".")
    if len(whole) > 5:
        return
    words = in_words(int(whole)) + (
        f" point {' '.join(map(in_words, map(int, cents)))}" * bool(cents)
    )
    rest = fact[: number.start()] + "{}" + fact[number.end() :]
    for sign, name in (("£", "pounds"), ("€", "euros"), ("$", "dollars")):
        if sign in rest:
            yield f"{rest.replace(sign, '')} {name}".format(words)
            return
    yield rest.replace("%", " per cent").replace("  ", " ").format(words)


def _other_address(fact: str, seed: object) -> str:
    local, at, host = fact.partition("@")
    if at:
        return chosen(
            [f"{name}@{host}" for name in _MAILS if name != local]
            + [f"{local}@{_other_host(host)}"],
            seed,
            fact,
        )
    if fact[0].isdigit() and fact[-1].isdigit():
        return fact[:-1] + str((int(fact[-1]) + chosen(range(1, 10), seed, fact)) % 10)
    if fact[0].isdigit():
        number = re.match(r"\d+", fact)
        return f"{int(number[0]) + 10}{fact[number.end() :]}" if number else fact
    return f"{fact.rstrip('/')}/offer"


def _other_host(host: str) -> str:
    name, _, ending = host.rpartition(".")
    return chosen([f"{name}-help.{ending}", f"{name}s.{ending}", f"{name}.{ending}.invalid"], host)
