"""Numbers and spans of time in digits, however they were spelled."""

import re

_ONES = {
    word: number
    for number, word in enumerate(
        [
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
    )
}
_TENS = {
    word: number
    for number, word in zip(
        range(20, 100, 10),
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        strict=True,
    )
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_NUMBER = "|".join([*_ONES, *_TENS])
_SPAN = (
    r"(?:working\s+|business\s+|calendar\s+)?"
    r"(?:second|minute|min|hour|hr|day|week|month|year|night|evening)s?"
)
_SCALE = "|".join(_SCALES)
_TAIL = (
    rf"(?:(?:[\s-]+(?:{_SCALE})(?:\s+and\s+(?:{_NUMBER})(?:-(?:{_NUMBER}))?)?"
    rf"|[\s-](?:{_NUMBER}))\b)*"
)
_SPELLED = re.compile(
    rf"\b(?:(?:{_NUMBER})|(?:an?|\d[\d.,]*)\s+(?:{_SCALE}))\b{_TAIL}", re.IGNORECASE
)
_ONE_NEEDS = re.compile(
    rf"\s*(?:-|to|or|and)?\s*(?:\d|{_SPAN}\b|percent|per\s+cent|%|pounds?\b|euros?\b|dollars?\b"
    rf"|point)",
    re.IGNORECASE,
)
# "One parent", not "this one", "one of them", "one by one".
_ONE_THING = re.compile(
    r"(?<!\bthe )(?<!\bthis )(?<!\bthat )(?<!\beach )(?<!\bevery )(?<!\bno )"
    r"(?<!\bany )(?<!\banother )(?<!\bwhich )(?<!\bby )(?<!-)"
    r"\bone\s+(?!of\b|by\b|or\b|and\b|is\b|can\b|that\b|who\b|which\b|will\b|for\b|with\b|in\b"
    r"|on\b|at\b|to\b|from\b|under\b|you\b|we\b|i\b|may\b|must\b|has\b|day\b|where\b)(?=[a-z])",
    re.IGNORECASE,
)
_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), put)
    for pattern, put in (
        (r"\b(\w+)\s+and\s+a\s+half\s+(hour|day|week|month|year)s?\b", r"\1.5 \2s"),
        (r"\bhalf\s+an\s+hour\b|\bhalf[\s-]hour\b", "30 minutes"),
        (r"\b(?:a\s+)?quarter\s+of\s+an\s+hour\b", "15 minutes"),
        (r"\bhalf\s+a\s+year\b", "6 months"),
        (r"\bhalf\s+a\s+day\b", "12 hours"),
        (r"\b(?:a\s+)?fortnights?\b", "14 days"),
        (r"\btwice\b", "2 times"),
        (r"\bonce\s+(?=(?:a|an|per|each|every|in)\s)", "1 times "),
        (r"\b(?:each|every|per)\s+pound\b", "every £1"),
        (r"\b(?:each|every|per)\s+euro\b", "every €1"),
        (r"\b(?:each|every|per)\s+dollar\b", "every $1"),
        (r"\b(?:a\s+)?dozens?(?:\s+of)?\b", "12"),
        (r"\ba\s+couple\s+of\b", "2"),
        (r"\bhalf\s+(?:of\s+)?(?:the|its|your)\s+(price|cost|fee|amount)\b", r"50% \1"),
        (r"\bhalf[\s-](?:the[\s-])?price\b", "50% price"),
        (r"\b(?:per|each|every|an?)\s+(day|week|month|year|hour|minute|night)\b", r"1 \1"),
        (r"\b24/7\b|\baround\s+the\s+clock\b|\bday\s+and\s+night\b", "day and night"),
        (r"\b(?:daily)\b", "1 day"),
        (r"\b(?:weekly)\b", "1 week"),
        (r"\b(?:monthly)\b", "1 month"),
        (r"\b(?:yearly|annual(?:ly)?)\b", "1 year"),
        (r"\b(?:hourly)\b", "1 hour"),
        (r"\ba\s+(single\s+)?(working|business)\s+day\b", "1 working day"),
    )
]


def in_digits(text: str) -> str:
    """Return a text whose spelled numbers and spans stand in digits."""
    text = _ONE_THING.sub("1 ", _SPELLED.sub(_replaced, text))
    for pattern, put in _PHRASES:
        text = pattern.sub(put, text)
    return text


def _replaced(found: re.Match[str]) -> str:
    words = re.findall(r"[a-z]+|\d[\d.,]*", found.group().lower())
    bare_one = words in (["one"], ["zero"])
    if bare_one and not _ONE_NEEDS.match(found.string, found.end()):
        return found.group()
    if len(words) > 1 and all(word in _ONES for word in words):
        return found.group()  # "nine one one" is read out, not added
    return f"{_value(words):g}" if _value(words) < 1_000_000 else str(int(_value(words)))


def _value(words: list[str]) -> float:
    total = current = 0.0
    for word in words:
        if word in _SCALES:
            current = (current or 1.0) * _SCALES[word]
            if _SCALES[word] > _SCALES["hundred"]:
                total, current = total + current, 0.0
        elif word[0].isdigit():
            current = float(word.replace(",", ""))
        else:
            current += _ONES.get(word, 0) + _TENS.get(word, 0)
    return total + current
