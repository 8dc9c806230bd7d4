"""What shows something, and what does not."""

import re
import sys
import unicodedata

import pytest

from shared.visible_text import VISIBLE, has_visible_character
from tests.support.blank_texts import BLANK_TEXTS

_CATEGORIES = {"Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Mc", "Me"}
_BLANK_BY_NAME = re.compile(
    r"HANGUL.* FILLER|BRAILLE PATTERN BLANK|NULL NOTEHEAD|(FULL|HALF) BLANK"
)


@pytest.mark.parametrize("text", ["", *BLANK_TEXTS])
def test_what_shows_nothing(text: str) -> None:
    assert not has_visible_character(text)


@pytest.mark.parametrize(
    "text",
    [
        "?",
        "é",
        "e\u0301",
        "🙂",
        "👍🏽",
        "👩\u200d👧",
        "1\ufe0f\u20e3",
        "\u2063a",
        "हि",
        "ป",
        "\ufffd",
        "⠁",
    ],
)
def test_what_shows_something(text: str) -> None:
    assert has_visible_character(text)


def test_it_is_what_unicode_says_of_all_that_has_long_been_assigned() -> None:
    old = unicodedata.ucd_3_2_0
    assigned = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if old.category(char) not in ("Cn", "Cs")
    ]
    wrong = [char for char in assigned if has_visible_character(char) == is_blank(char)]
    assert not [hex(ord(char)) for char in wrong]


def is_blank(char: str) -> bool:
    """Tell what Unicode says, by category or by name."""
    named = _BLANK_BY_NAME.search(unicodedata.name(char, ""))
    return unicodedata.category(char) in _CATEGORIES or named is not None


def test_no_letter_digit_or_symbol_of_any_version_is_blank() -> None:
    visible = re.compile(VISIBLE)
    hidden = {
        unicodedata.category(char)
        for char in map(chr, range(sys.maxunicode + 1))
        if not visible.match(char) and not _BLANK_BY_NAME.search(unicodedata.name(char, ""))
    }
    assert hidden <= {*_CATEGORIES, "Cn"}
