"""What is looked for sooner hides nothing: each gate opens for whatever its pattern matches."""

import re
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.preprocessing import clean
from workers.reading import (
    bereavement,
    danger_forms,
    escalation_forms,
    negation_forms,
    question_forms,
    recall_forms,
)
from workers.reading.gated import GatedPattern, at_words, gated, holds_any

sre: Any = import_module("re._constants")
sre_parser: Any = import_module("re._parser")  # how Python itself reads a pattern
_GATED: Sequence[GatedPattern] = (
    bereavement._TOLD,
    negation_forms.MAY_NEGATE,
    negation_forms.CONTRASTED,
    question_forms.BULLET,
    *recall_forms.CERTAIN,
    *recall_forms.POSSIBLE,
)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


@pytest.mark.parametrize("form", _GATED, ids=lambda form: form.pattern.pattern[:40])
def test_whatever_a_pattern_matches_holds_one_of_its_parts(form: GatedPattern) -> None:
    tree = sre_parser.parse(form.pattern.pattern, form.pattern.flags)
    assert _needs_any(list(tree), form.parts)


def _needs_any(sequence: list[Any], parts: Sequence[str], run: str = "") -> bool:
    """Tell whether no text can match a parsed pattern without one of the parts.

    `run` are the letters right before it.
    """
    for place, (kind, value) in enumerate(sequence):
        if kind is sre.LITERAL:
            run += chr(value)
            if holds_any(run, parts):
                return True
            continue
        letters = list(takewhile(lambda each: each[0] is sre.LITERAL, sequence[place + 1 :]))
        ways = _ways(kind, value)
        if ways and all(_needs_any([*way, *letters], parts, run) for way in ways):
            return True
        run = ""
    return False


def _ways(kind: Any, value: Any) -> list[list[Any]]:
    """Return what may stand at one place of a pattern, nothing if that may be nothing."""
    if kind is sre.BRANCH:
        return [list(way) for way in value[1]]
    if kind is sre.IN and all(each[0] is sre.LITERAL for each in value):
        return [[each] for each in value]
    if kind is sre.SUBPATTERN:
        return [list(value[-1])]
    if kind in _REPEATS and value[0]:
        return [list(value[2])]
    return []


@pytest.mark.parametrize(
    ("pattern", "parts", "needs"),
    [
        ("ab|cd", ("ab", "cd"), True),
        ("ab|cd", ("ab",), False),
        ("(?:do|have)nt", ("dont", "havent"), True),
        ("(?:ab)?c", ("ab",), False),
        ("(?:ab)+c", ("ab",), True),
        (r"a\s+b", ("ab",), False),
        ("a(?!b)", ("b",), False),
        ("x[ab]", ("a", "b"), True),
        (r"x[a\s]", ("a",), False),
    ],
)
def test_the_check_tells_needed_parts_from_others(
    pattern: str, parts: tuple[str, ...], needs: bool
) -> None:
    assert _needs_any(list(sre_parser.parse(pattern)), parts) is needs


def test_a_gate_opens_for_its_parts_alone() -> None:
    form = gated("b+", "ab", "cb")
    assert [found.span() for found in form.finditer("b abb")] == [(0, 1), (3, 5)]
    assert form.search("bbb") is None
    assert list(form.finditer("bbb")) == []


_MESSES = st.sampled_from(
    ["soooo", "!!!!", "12 3456", "123456", "1234-5678", "www.", ":)", "é", "<3", "[", "@me", "ok"]
)


@given(st.lists(st.one_of(_MESSES, st.text(max_size=8)), max_size=6).map(" ".join))
def test_what_is_messy_is_never_taken_for_simple(text: str) -> None:
    spaced = " ".join(text.split())
    assert clean._is_messy(spaced) == (clean._MESSY.search(spaced) is not None)


_AT_WORDS = (
    (negation_forms.NEGATED, ".!?;:,\n"),
    (escalation_forms.PERSON, ".!?,;"),
    (escalation_forms.PUT_THROUGH, ""),
    (escalation_forms.LEGAL, ""),
    (danger_forms.SELF_HARM, ""),
    (danger_forms.EMERGENCY, ""),
)


@pytest.mark.parametrize(("form", "marks"), _AT_WORDS)
def test_whatever_a_pattern_matches_begins_where_it_is_looked_for(
    form: re.Pattern[str], marks: str
) -> None:
    tree = list(sre_parser.parse(form.pattern))
    assert _begins(tree[1:], marks)


def _begins(sequence: list[Any], marks: str, *, at_word: bool = False) -> bool:
    """Tell whether a parsed pattern begins at a word, or with a mark, whatever way it takes."""
    if not sequence:
        return False
    (kind, value), rest = sequence[0], sequence[1:]
    if kind is sre.AT:
        at_word = at_word or value in (sre.AT_BOUNDARY, sre.AT_BEGINNING_STRING)
        return _begins(rest, marks, at_word=at_word)
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return _begins(rest, marks, at_word=at_word)
    if kind in (sre.LITERAL, sre.CATEGORY):
        spoken = value is sre.CATEGORY_WORD if kind is sre.CATEGORY else chr(value).isalnum()
        return (spoken and at_word) or (kind is sre.LITERAL and chr(value) in marks)
    if kind is sre.IN:
        return all(_begins([each], marks, at_word=at_word) for each in value)
    ways = [[*way, *rest] for way in _ways(kind, value)]
    if kind in _REPEATS and not value[0]:
        ways = [[*value[2], *rest], rest]
    return bool(ways) and all(_begins(way, marks, at_word=at_word) for way in ways)


@pytest.mark.parametrize(
    ("pattern", "marks", "begins"),
    [
        (r"\bab|\bcd", "", True),
        (r"\bab|cd", "", False),
        (r"\bab|\Acd", "", True),
        (r"\b(?:ab)?\scd", "", False),
        (r"(?:\A|[.!]\s*|\b)cd", ".!", True),
        (r"(?:\A|[.!]\s*|\b)cd", ".", False),
        (r"(?:ab)?\bcd", "", False),
        (r"(?<!x)\b[\w-]", "", False),
    ],
)
def test_the_check_tells_beginnings_from_others(pattern: str, marks: str, begins: bool) -> None:
    assert _begins(list(sre_parser.parse(pattern)), marks) is begins


def test_a_pattern_at_words_finds_what_it_finds_anywhere() -> None:
    form = at_words(r"\bcan|[.]\s*you", ".")
    assert [found.group() for found in form.finditer("can scan. you. can")] == [
        "can",
        ". you",
        "can",
    ]
