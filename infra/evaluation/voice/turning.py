"""True sentences turned into false ones by their words alone: negated, or without a condition."""

import re
from collections.abc import Iterator, Mapping

_OPPOSITES: Mapping[str, str] = {
    r"\bcan't\b": "can",
    r"\bcannot\b": "can",
    r"\bisn't\b": "is",
    r"\baren't\b": "are",
    r"\bdon't\b": "do",
    r"\bdoesn't\b": "always",
    r"\bwon't\b": "will",
    r"\bneedn't\b": "must",
    r"\bnever\b": "always",
    r"\balways\b": "never",
    r"\bwithout\b": "only with",
    r"\bfree of charge\b": "at your own cost",
    r"\bfree\b": "not free",
    r"\bexcluded\b": "included",
    r"\bexcept\b": "and also",
    r"^Not covered are\b": "Covered are",
    r"^Yes\b": "No",
    r"\bcan\b(?!'t)": "can't",
    r"\bmay\b": "may not",
    r"\bis\b(?! not)": "is not",
    r"\bare\b(?! not)": "are not",
    r"\bwe (?=refund|send|deliver|take|answer|reply|check|keep|return|email|offer|replace)": (
        "we don't "
    ),
    r"\bmust\b": "needn't",
}
_ANTONYMS: Mapping[str, str] = dict(
    pair
    for one, other in (
        ("before", "after"),
        ("first", "last"),
        ("more", "less"),
        ("longer", "shorter"),
        ("later", "earlier"),
        ("add", "remove"),
        ("accept", "refuse"),
        ("refund", "charge"),
        ("buy", "sell"),
        ("all", "none"),
        ("every", "no"),
        ("with", "without"),
        ("open", "closed"),
        ("new", "old"),
        ("large", "small"),
        ("inside", "outside"),
        ("covered", "not insured"),
        ("online", "by letter"),
        ("by email", "by fax"),
        ("the bank", "the courier"),
        ("yourself", "through a dealer"),
        ("at once", "much later"),
        ("automatically", "on request"),
    )
    for pair in ((one, other), (other, one))
)
_OVERSTATEMENTS = (
    "in every case",
    "whatever the condition of it",
    "for everybody, without exception",
    "even after the period is over",
    "as often as you like",
    "also abroad",
    "no matter what the terms say",
)
# A part that a sentence must not lose; without it more is said than is true.
_CONDITIONS = (
    r"^(?:If|While|As long as|Unless|Once) [^,.;:]*, ",
    r", (?:if|unless|provided|as long as|except)\b[^.;:]*(?=[.;:]|$)",
    r" (?:unless|as long as|except|provided)\b[^.;:,]*",
    r"(?<!only) if (?:the|it|our|they|an?)\b[^,.;:]*(?=[.;:])",
    r" on orders of \S*\d\S*(?: or more\b)?\**",
    r" for orders (?:from|of|over) [^,.;:]*",
    r" while the order says \*\*\w+\*\*",
    r"\b[Uu]sually ",
    r"\bmost (?=\w+s\b)",
    r" until \*{0,2}\d+ days\*{0,2} before [^,.;:(]*",
    r", (?:but )?not [^,.;:]*",
)
_ORDER = re.compile(
    r"^(?:\*\*)?(?:Click|Enter|Open|Go to|Choose|Check|Keep|Call|Send|Use|Add|Press|Look|Write"
    r"|Bring|Take|Measure|Stop|Tell|Give|Pack|Ask|Subscribe|Report|Apply)\b"
)


def negations(sentence: str) -> Iterator[str]:
    """Yield a statement with the opposite of one of its words."""
    for pattern, opposite in _OPPOSITES.items():
        turned, count = re.subn(pattern, opposite, sentence, count=1)
        if count:
            yield turned


def opposites(sentence: str) -> Iterator[str]:
    """Yield a statement with one word that means the contrary of what stood there."""
    for word, other in _ANTONYMS.items():
        turned, count = re.subn(rf"\b{word}\b", other, sentence, count=1)
        if count:
            yield turned


def overstated(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield a statement that claims too much, and what it claims."""
    if re.search(r"[^.!?:;][.]$", sentence):
        yield from ((f"{sentence[:-1]}, {more}.", more) for more in _OVERSTATEMENTS)


def unconditional(sentence: str) -> Iterator[str]:
    """Yield a statement without one of the conditions that it holds under."""
    for pattern in _CONDITIONS:
        shorter, count = re.subn(pattern, "", sentence, count=1)
        if count and len(shorter) > 15:
            yield shorter[0].upper() + shorter[1:]


def contrary_orders(sentence: str) -> Iterator[str]:
    """Yield the opposite of what a sentence tells a person to do."""
    if _ORDER.match(sentence):
        bare = sentence.removeprefix("**")
        yield f"Don't {bare[0].lower()}{bare[1:]}"
    if (turned := re.sub(r"^(?:Please )?[Dd]on't ", "", sentence)) != sentence:
        yield turned[0].upper() + turned[1:]
