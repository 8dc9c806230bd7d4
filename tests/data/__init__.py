"""Questions kept as a test of the answers: what they must be like, and how to read them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from nltk.stem.snowball import SnowballStemmer

HERE = Path(__file__).parent
_STEMMER = SnowballStemmer("english")
_FUNCTION_WORDS = """
    a able about after again all although am an and any anybody anything are aren't as at away
    be because been before being but by can can't come comes could couldn't did do does doesn't
    don't done down each every few for forever from get gets getting give go goes going gone
    got had has have haven't he he's her here him his how i i'd i'll i'm i've if in into is
    isn't it it's its just last let like made make may me much my need never new next no not
    nothing now of off on one or other our out over own please put right round same say saying
    says see she should show shown shows since so some somebody something soon still take than
    thank that that's the their them then there these they things this those till to too two up
    us use used using very want wants was we we'd we'll we're we've went were what what's when
    where which while who whom whose why will with without would yes you you'd you'll you're
    you've your
"""
_FUNCTIONS = frozenset(_FUNCTION_WORDS.split())


def answerable() -> list[tuple[str, str]]:
    """Return pairs of a question and the id of the entry that answers it."""
    return _pairs("questions_answerable.yaml", "entry")


def unanswerable() -> list[tuple[str, bool]]:
    """Return pairs of a question and whether a customer may well ask it."""
    return _pairs("questions_unanswerable.yaml", "plausible")


def kept_answerable() -> list[tuple[str, str]]:
    """Return the second kept set, in the form of `answerable`."""
    return _pairs("kept_answerable.yaml", "entry")


def kept_unanswerable() -> list[tuple[str, bool]]:
    """Return the second kept set, in the form of `unanswerable`."""
    return _pairs("kept_unanswerable.yaml", "plausible")


def _pairs(name: str, field: str) -> list[tuple[str, Any]]:
    rows = yaml.safe_load((HERE / name).read_text("utf-8"))
    return [(row["question"], row[field]) for row in rows]


@cache
def content_stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words less those that only hold a sentence together."""
    words = "".join(c if c.isalnum() or c in "'’" else " " for c in text.casefold()).split()
    plain = (word.replace("’", "'") for word in words)
    kept = (word for word in plain if word not in _FUNCTIONS)
    return frozenset(_STEMMER.stem(word.removesuffix("'s")) for word in kept)


def overlap(question: str, phrasing: str) -> float:
    """Return the share of a question's content stems that a phrasing holds too."""
    stems = content_stems(question)
    return len(stems & content_stems(phrasing)) / len(stems)
