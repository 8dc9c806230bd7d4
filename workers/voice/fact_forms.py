"""How facts are written. All patterns are for plain text with numbers in digits."""

import re

from workers.voice.brief import RefusalReason
from workers.voice.vocabulary import words_in

SHORTEST_PHONE = 6

MARKUP = re.compile(
    r"!\[|\]\(|\]\[|<[/!]?[a-zA-Z][^>]*>|<!--|&(?:#\d+|#x[\da-f]+|[a-z]+);"
    r"|\]:\s|```|javascript:|data:\w+/",
    re.IGNORECASE,
)
MAIL = re.compile(
    r"[\w.+-]+\s*(?:@|\s?[(\[]at[)\]]\s?)\s*[\w-]+(?:(?:\.|\s?[(\[]dot[)\]]\s?)[\w-]+)+",
    re.IGNORECASE,
)
LINK = re.compile(
    r"\b[a-z][a-z+.-]*://\S+|\bwww\.\S+|\bhxxps?\S+"
    r"|\b(?:[a-z0-9-]+\.)+[a-z]{2,18}(?:/[^\s)\]>]*)?(?![\w@])"
    r"|\b[\w-]+\s?[(\[](?:dot|punkt)[)\]]\s?\w+|\b[\w-]+\s+dot\s+(?:com|net|org|io|co|uk|de"
    r"|info|shop|app)\b",
    re.IGNORECASE,
)
NO_DOMAINS = words_in(
    """
    e.g i.e a.m p.m u.s u.k z.b d.h u.s.a e.v
    """
)

MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        start=1,
    )
}
WEEKDAYS = {
    name: number for number, name in enumerate(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DAYS = rf"{_DAY}(?:\s*(?:,|and|or|to|-|&)\s*{_DAY}){{0,5}}"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?"
DAY_OF_MONTH = re.compile(
    rf"\b(?P<days>{_DAYS})\.?\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?{_YEAR}", re.IGNORECASE
)
MONTH_DAY = re.compile(
    rf"\b(?P<month>{_MONTH})\.?\s+(?:the\s+)?(?P<days>{_DAYS})\b(?!\s*(?:%|[ap]\.?m|:\d)){_YEAR}",
    re.IGNORECASE,
)
_D, _M = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
WRITTEN_DATE = re.compile(
    rf"(?<![\d.,/£€$-])(?:\d{{4}}[-/.]{_M}[-/.]{_D}|{_D}[./]{_M}[./](?:\d{{4}}|\d\d)"
    rf"|{_D}\.{_M}\.(?=\s+[a-z])"
    rf"|{_M}/{_D}/(?:\d{{4}}|\d\d)|{_D}-{_M}-(?:19|20)\d\d|{_D}/{_M})(?![\w/]|\.\d)"
)
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)s?"
)
# "Sat", "sun" and "wed" are words too: alone and short they must be written as names.
WEEKDAY = re.compile(
    rf"\b(?P<first>(?i:{_WEEKDAY}))\b\.?\s*(?:-|(?i:to|through|till|until"
    rf"|thru))\s*(?P<last>(?i:{_WEEKDAY}))\b"
    r"|\b(?P<single>(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)|Mon|Tues?|Wed|Thurs?|Fri"
    r"|Sat|Sun)\b"
)
WEEKEND = re.compile(r"\bweek-?ends?\b|\bweek-?days?\b", re.IGNORECASE)
NAMED_DAY = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:the\s+)?(?:same|following|next|this|last"
    r"|previous|coming)"
    r"\s+(?:working\s+|business\s+|calendar\s+)?(?:day|week|month|year|morning|afternoon"
    r"|evening|night|quarter|season)"
    r"|christmas(?:\s+eve)?|easter(?:\s+(?:sunday|monday))?|new\s+year(?:'s)?(?:\s+(?:eve"
    r"|day))?|bank\s+holidays?"
    r"|public\s+holidays?|black\s+friday|thanksgiving|ramadan|overnight|midweek"
    r"|spring|summer|autumn|winter)\b",
    re.IGNORECASE,
)
MONTH = re.compile(
    r"\b(?:(?i:january|february|april|june|july|august|september|october|november|december)"
    r"|(?<=in )May|(?<=of )May|(?<=until )May|(?<=by )May|(?<=since )May|(?<=from )May"
    r"|March(?!\s+\w+ing)"
    r"|(?<=and )May|(?<=or )May|(?<=to )May|Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b"
)
YEAR = re.compile(
    r"\b(?:19|20)\d\d\b(?![\d.,]*\d)(?!\s*(?:%|[£€$]|\w*(?:euro|pound|dollar|point|people)))"
)

_HOUR = r"(?:[01]?\d|2[0-4])"
_HALF = r"(?:a\.?\s?m\b\.?|p\.?\s?m\b\.?)"


def _moment(place: str) -> str:
    return (
        rf"(?P<hour{place}>{_HOUR})(?:(?::|\.|h)(?P<minute{place}>[0-5]\d))?"
        rf"\s*(?P<half{place}>{_HALF})?"
    )


# A clock time has minutes after a colon, a half of the day, or "o'clock".
_IS_CLOCK = (
    rf"(?=[\d.]{{1,5}}\s?{_HALF}|\d{{1,2}}:\d\d|\d{{1,2}}h(?:\d\d)?\b|\d{{1,2}}\s+o'?clock"
    rf"|\d{{1,2}}(?:[.:]\d\d)?\s*(?:-|to|until|till|and)\s*\d{{1,2}}(?:(?:[.:]\d\d)?\s?{_HALF}"
    rf"|:\d\d))"
)
CLOCK = re.compile(
    rf"(?<![\d.,:£€$/-]){_IS_CLOCK}{_moment('1')}(?:\s+o'?clock|\s*h\b)?"
    rf"(?:\s*(?:-|to|until|till|and)\s*{_moment('2')}(?:\s+o'?clock|h\b)?(?![\d%:]))?",
    re.IGNORECASE,
)
NOON = re.compile(r"\b(?:noon|midday|mid-?night)\b", re.IGNORECASE)

PHONE = re.compile(r"(?<![\w£€$.,])\+?\(?\d(?:[\d()]|[\s./-](?=[\d(])){5,22}(?!\s?%)\b")
_STREET = (
    r"(?:Street|Road|Avenue|Lane|Square|Yard|Drive|Close|Court|Place|Boulevard|Way|Terrace|Row"
    r"|Crescent|Gardens"
    r"|Quay|Hill|Gate|Park|Alley|St|Rd|Ave|Blvd)\b"
)
STREET = re.compile(
    rf"\b\d{{1,5}}[a-z]?\s+(?:[A-Z][\w'-]+\s+){{1,3}}{_STREET}"
    r"|\b(?:[A-Z][\w'-]*(?:strasse|straße|gasse|weg|platz|allee)|(?:Rue|Via|Calle|Avenida"
    r"|Place)(?:\s+[A-Z]?[\w']+){1,3}),?\s+\d{1,4}[a-z]?\b"
    r"|\b\d{1,4},?\s+(?:rue|via|calle)\s+\w+|\bP\.?\s?O\.?\s+Box\s+\d+"
    r"|\b[A-Z]{1,2}\d[\dA-Z]?\s\d[A-Z]{2}\b"
)

_FIGURE = r"(?>\d+(?:[.,']\d+)*)"
NUMBER = re.compile(_FIGURE)
_LINKS = r"\s*(?:-|\bto\b|,\s*(?:or|and)\b|,|\bor\b|\band\b|/|&)\s*"
SPANNED = re.compile(r"-|\bto\b", re.IGNORECASE)
BETWEEN = re.compile(r"\bbetween\s+\Z", re.IGNORECASE)
_CURRENCY = (
    r"[£€$¥₹]|\b(?:eur|euros?|usd|us\$|gbp|chf|cad|aud|inr|sek|nok|dkk|pln|dollars?|bucks|quid"
    r"|pounds?"
    r"|pence|(?<=\d)p|cents?|francs?|rupees?|yen|rs\.?)(?![\w])"
)
_SPANS = (
    r"(?:(?:working|business|banking|work|calendar)[\s-]*)?(?:seconds?|secs?|minutes?|mins?"
    r"|hours?|hrs?|days?"
    r"|weeks?|months?|years?|yrs?|nights?|quarters?|decades?)\b"
)
_SIZES = (
    r"(?:mm|cm|km|m²|sqm|metres?|meters?|kilomet(?:re|er)s?|miles?|inch(?:es)?|feet|ft|kg"
    r"|kilos?|kilograms?"
    r"|grams?|g|mg|tonnes?|lbs?|ml|lit(?:re|er)s?|kwh|watts?|w|volts?|v|gb|mb|tb|kb|gigabytes?"
    r"|megabytes?"
    r"|mbps|mbit/s|gbit/s|mb/s|°c|°f|degrees|hz|m|l)(?![\w])"
)
_PERCENT = r"%|\bpercent(?:age points?)?\b|\bper\s?cent\b|\bpct\b"
PRICED = re.compile(
    rf"(?<!\d)(?<!\d\s)(?P<unit>{_CURRENCY})\s?(?P<numbers>{_FIGURE}(?:\s*(?:-|\bto\b|\band\b"
    rf"|\bor\b)\s*(?:(?:{_CURRENCY})\s?{_FIGURE}|(?<=-)\s?{_FIGURE}))?)"
    r"(?P<scale>\s?(?:k|m|million|bn)\b)?",
    re.IGNORECASE,
)
MEASURED = re.compile(
    rf"(?<![\w.])(?P<numbers>{_FIGURE}(?:{_LINKS}{_FIGURE}){{0,5}})(?P<scale>k\b)?[\s-]*"
    rf"(?P<unit>{_CURRENCY}|{_PERCENT}|{_SPANS}|{_SIZES})",
    re.IGNORECASE,
)
SCALES = {"k": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9}

_OTHER_SIZES = (
    *("m²", "sqm", "miles?", "inch(?:es)?", "feet|ft", "mg", "tonnes?", "lbs?", "kwh", "watts?|w"),
    *("volts?|v", "tb", "kb", "mbps", "mbit/s", "gbit/s", "mb/s", "°c|°f|degrees", "hz"),
)
_Measure = tuple[str, RefusalReason, str, float]
_MEASURES: tuple[_Measure, ...] = (
    (r"€|eur|euros?", "amount", "euro", 1),
    (r"\$|usd|us\$|dollars?|bucks", "amount", "dollar", 1),
    (r"£|gbp|pounds?|quid", "amount", "pound", 1),
    (r"pence|p", "amount", "pound", 0.01),
    (r"cents?", "amount", "cent", 1),
    (r"¥|yen", "amount", "yen", 1),
    (r"₹|inr|rs|rupees?", "amount", "rupee", 1),
    (r"chf|francs?", "amount", "franc", 1),
    (r"cad|aud|sek|nok|dkk|pln", "amount", "other money", 1),
    (r"%|percent|per ?cent|pct|percentage points?", "amount", "percent", 1),
    (r"(?:working|business|banking|work) ?(?:days?)", "date", "working day", 1),
    (r"(?:calendar )?days?", "date", "hour", 24),
    (r"nights?", "date", "night", 1),
    (r"(?:calendar )?weeks?", "date", "hour", 168),
    (r"hours?|hrs?", "date", "hour", 1),
    (r"minutes?|mins?", "date", "hour", 1 / 60),
    (r"seconds?|secs?", "date", "hour", 1 / 3600),
    (r"(?:calendar )?months?", "date", "month", 1),
    (r"quarters?", "date", "month", 3),
    (r"(?:calendar )?years?|yrs?", "date", "month", 12),
    (r"decades?", "date", "month", 120),
    (r"(?:working|business|work) ?\w+", "date", "working time", 1),
    (r"mm", "number", "metre", 0.001),
    (r"cm", "number", "metre", 0.01),
    (r"m|metres?|meters?", "number", "metre", 1),
    (r"km|kilomet(?:re|er)s?", "number", "metre", 1000),
    (r"kg|kilos?|kilograms?", "number", "gram", 1000),
    (r"g|grams?", "number", "gram", 1),
    (r"gb|gigabytes?", "number", "gigabyte", 1),
    (r"mb|megabytes?", "number", "megabyte", 1),
    (r"ml", "number", "litre", 0.001),
    (r"l|lit(?:re|er)s?", "number", "litre", 1),
    *((size, "number", size, 1) for size in _OTHER_SIZES),
)
MEASURES = tuple(
    (re.compile(pattern), kind, unit, factor) for pattern, kind, unit, factor in _MEASURES
)

# Units that measure the same: a fact of one is compared with those of the others.
FREE = re.compile(r"(?<!-)\bfree\b(?!-)", re.IGNORECASE)
CLASSES = {
    **dict.fromkeys(("working day", "night", "month", "hour", "working time"), "span"),
    **dict.fromkeys(
        ("euro", "dollar", "pound", "cent", "franc", "other money", "free", "yen", "rupee"), "money"
    ),
}

CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b")

LIMITS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "most",
        re.compile(
            r"\b(?:within|up\s+to|at\s+(?:the\s+)?most|no\s+(?:more|later|longer)\s+than"
            r"|max(?:imum)?(?:\s+of)?|until"
            r"|till|(?:less|fewer|shorter|sooner|earlier|lower)\s+than|under|below"
            r"|not\s+(?:more|later)\s+than|inside|before)"
            r"\s+(?:the\s+(?:first\s+)?|about\s+|your\s+)?\Z",
            re.IGNORECASE,
        ),
        re.compile(
            r"\s*(?:at\s+(?:the\s+)?(?:most|latest)|or\s+(?:less|fewer|under|sooner)"
            r"|max(?:imum)?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "least",
        re.compile(
            r"\b(?:at\s+least|min(?:imum)?(?:\s+of)?|(?:more|longer|later|greater|higher|larger"
            r"|older)\s+than|over|above|exceed(?:s|ing)?"
            r"|no\s+(?:less|fewer|earlier)\s+than|after|beyond|upwards?\s+of|starting\s+(?:at"
            r"|from)|from)"
            r"\s+(?:the\s+(?:first\s+)?|about\s+|your\s+)?\Z",
            re.IGNORECASE,
        ),
        re.compile(
            r"\s*(?:or\s+(?:more|above|over|older|later|longer)|at\s+least|and\s+(?:above|over"
            r"|up)|upwards|plus|minimum)\b|\+",
            re.IGNORECASE,
        ),
    ),
)
