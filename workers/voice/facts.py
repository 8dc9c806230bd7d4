"""The hard facts of a text, in one spelling: what must stand in a source letter by letter."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workers.voice import fact_forms as forms
from workers.voice.brief import RefusalReason


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: its kind, what it is measured in, its value, and where it stands.

    `limit` is "most" or "least" where the words around it say so.
    """

    kind: RefusalReason
    unit: str
    value: str
    start: int
    end: int
    limit: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what two equal facts share; the kind alone may be read in two ways."""
        return self.unit, self.value

    @property
    def measure(self) -> str:
        """Return what units of one sort share: all money, all spans of time."""
        return forms.CLASSES.get(self.unit, self.unit)


Found = tuple[RefusalReason, str, str]
Reader = Callable[[re.Match[str]], Iterator[Found]]


def facts_of(text: str) -> list[Fact]:
    """Return the facts of a text that is plain and in digits, in order."""
    facts: list[Fact] = []
    for pattern, read in _READERS:
        text = _take(text, pattern, read, facts.append)
    return sorted(facts, key=lambda fact: fact.start)


def _take(text: str, pattern: re.Pattern[str], read: Reader, put: Callable[[Fact], None]) -> str:
    """Hand over a pattern's facts; return the text with blanks where they stood."""
    parts, last = [], 0
    for found in pattern.finditer(text):
        seen = list(read(found))
        if not seen:
            continue
        limit = _limit(text, found.start(), found.end())
        for kind, unit, value in seen:
            put(Fact(kind, unit, value, found.start(), found.end(), limit))
        parts += [text[last : found.start()], "\x00" * len(found.group())]
        last = found.end()
    return "".join([*parts, text[last:]])


def _limit(text: str, start: int, end: int) -> str:
    before, after = text[max(0, start - 28) : start], text[end : end + 24]
    for name, earlier, later in forms.LIMITS:
        if earlier.search(before) or later.match(after):
            return name
    return ""


def _link(found: re.Match[str]) -> Iterator[Found]:
    link = re.sub(r"^(?:https?://)?(?:www\.)?", "", found.group().lower().rstrip(".,;:!?)/"))
    if found.group().lower().rstrip(".") not in forms.NO_DOMAINS:
        yield "link", "link", link


def _markup(found: re.Match[str]) -> Iterator[Found]:
    yield "link", "markup", found.group()


def _mail(found: re.Match[str]) -> Iterator[Found]:
    yield "address", "mail", found.group().lower().rstrip(".")


def _phone(found: re.Match[str]) -> Iterator[Found]:
    digits = re.sub(r"\D", "", found.group())
    if len(digits) >= forms.SHORTEST_PHONE:
        yield "address", "phone", digits


def _street(found: re.Match[str]) -> Iterator[Found]:
    yield "address", "street", " ".join(re.findall(r"\w+", found.group().lower()))


def _day_of_month(found: re.Match[str]) -> Iterator[Found]:
    month = forms.MONTHS[found["month"][:3].lower()]
    for day in re.findall(r"\d{1,2}", found["days"]):
        yield "date", "day", f"{month}-{int(day)}"
    if found["year"]:
        yield "date", "year", found["year"]


def _written_date(found: re.Match[str]) -> Iterator[Found]:
    parts = [int(part) for part in re.findall(r"\d+", found.group())]
    if parts[0] > 31:
        parts.reverse()
    if len(parts) == 3:
        yield "date", "year", str(parts[2] + (2000 if parts[2] < 100 else 0))
    yield "date", "day", f"{parts[1]}-{parts[0]}"


def _weekdays(found: re.Match[str]) -> Iterator[Found]:
    first, last = _weekday(found["first"] or found["single"]), found["last"]
    if first is None:
        return
    yield "date", "weekday", str(first)
    if last and (end := _weekday(last)) is not None:
        yield "date", "weekdays", f"{first}~{end}"
        for between in range(first + 1, first + (end - first) % 7 + 1):
            yield "date", "weekday", str(between % 7)


def _weekday(word: str) -> int | None:
    return forms.WEEKDAYS.get(word[:3].lower())


def _weekend(found: re.Match[str]) -> Iterator[Found]:
    first, last = (5, 6) if "end" in found.group().lower() else (0, 4)
    yield "date", "weekdays", f"{first}~{last}"
    for day in range(first, last + 1):
        yield "date", "weekday", str(day)


def _named_day(found: re.Match[str]) -> Iterator[Found]:
    yield "date", "named", " ".join(found.group().lower().split())


def _month(found: re.Match[str]) -> Iterator[Found]:
    yield "date", "month", str(forms.MONTHS[found.group()[:3].lower()])


def _year(found: re.Match[str]) -> Iterator[Found]:
    yield "date", "year", found.group()


def _clock(found: re.Match[str]) -> Iterator[Found]:
    ends = [_minutes(found, "1"), _minutes(found, "2")] if found["hour2"] else []
    for minutes in ends or [_minutes(found, "1")]:
        yield "time", "clock", str(minutes)
    if ends:
        yield "time", "clocks", f"{ends[0]}~{ends[1]}"


def _minutes(found: re.Match[str], place: str) -> int:
    hour, minute = int(found[f"hour{place}"]), int(found[f"minute{place}"] or 0)
    half = found[f"half{place}"] or (found["half2"] if place == "1" else None)
    if half:
        hour = hour % 12 + (12 if half[0].lower() == "p" else 0)
        if place == "1" and not found["half1"] and half[0].lower() == "p":
            # "9 to 5 pm" begins in the morning.
            hour -= 12 if int(found["hour1"]) > int(found["hour2"]) else 0
    return hour * 60 + minute


def _noon(found: re.Match[str]) -> Iterator[Found]:
    yield "time", "clock", "0" if found.group().lower().endswith("night") else str(12 * 60)


def _measured(found: re.Match[str]) -> Iterator[Found]:
    measure = _measure(found["unit"])
    if measure is None:
        return
    kind, unit, factor = measure
    if other := _second_currency(found):
        yield from (("amount", sign, f"{number:g}") for sign, number in other)
        return
    factor *= forms.SCALES.get((found["scale"] or "").strip().lower(), 1.0)
    numbers = [_number(each) * factor for each in forms.NUMBER.findall(found["numbers"])]
    before = found.string[max(0, found.start() - 12) : found.start()]
    is_range = len(numbers) == 2 and (
        forms.SPANNED.search(found["numbers"]) or forms.BETWEEN.search(before)
    )
    for number in numbers[-1:] if is_range else numbers:
        yield kind, unit, f"{number:g}"
    if is_range:
        yield kind, unit, f"{numbers[0]:g}~{numbers[-1]:g}"


def _second_currency(found: re.Match[str]) -> list[tuple[str, float]]:
    """Return the amounts of a range whose ends are in two currencies, none if they are in one."""
    signs = [found["unit"], *forms.CURRENCY.findall(found["numbers"])]
    units = [measure[1] for sign in signs if (measure := _measure(sign))]
    numbers = [_number(each) for each in forms.NUMBER.findall(found["numbers"])]
    if len(units) != len(numbers) or len(set(units)) == 1:
        return []
    return list(zip(units, numbers, strict=True))


def _measure(written: str) -> tuple[RefusalReason, str, float] | None:
    sign = re.sub(r"[\s-]+", " ", written.lower()).strip(" .")
    for pattern, kind, unit, factor in forms.MEASURES:
        if pattern.fullmatch(sign):
            return kind, unit, factor
    return None


def _code(found: re.Match[str]) -> Iterator[Found]:
    yield "number", "code", re.sub(r"\W", "", found.group().lower())


def _free(found: re.Match[str]) -> Iterator[Found]:
    if found.group():
        yield "amount", "free", "0"


def _bare(found: re.Match[str]) -> Iterator[Found]:
    yield "number", "", f"{_number(found.group()):g}"


def _number(text: str) -> float:
    """Read "1,000", "1.000,50" and "3.50": three digits after a mark are thousands."""
    text = text.rstrip(".,'")
    if re.fullmatch(r"\d{1,3}(?:[,.']\d{3})+", text):
        return float(re.sub(r"\D", "", text))
    whole, _, cents = text.replace(",", ".").replace("'", "").rpartition(".")
    return float(f"{whole.replace('.', '')}.{cents}") if whole else float(cents)


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (forms.MARKUP, _markup),
    (forms.MAIL, _mail),
    (forms.LINK, _link),
    (forms.WRITTEN_DATE, _written_date),
    (forms.DAY_OF_MONTH, _day_of_month),
    (forms.MONTH_DAY, _day_of_month),
    (forms.STREET, _street),
    (forms.PHONE, _phone),
    (forms.CLOCK, _clock),
    (forms.NOON, _noon),
    (forms.PRICED, _measured),
    (forms.MEASURED, _measured),
    (forms.WEEKDAY, _weekdays),
    (forms.WEEKEND, _weekend),
    (forms.NAMED_DAY, _named_day),
    (forms.MONTH, _month),
    (forms.YEAR, _year),
    (forms.FREE, _free),
    (forms.CODE, _code),
    (forms.NUMBER, _bare),
)
