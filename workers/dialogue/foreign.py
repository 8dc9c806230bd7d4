"""What is said to people who write in another language than English, in theirs."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import yaml

Matter: TypeAlias = Literal["unread", "handover", "called", "english", "self_harm"]

PHRASES = Path(__file__).with_name("foreign.yaml")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_TRADITIONAL = re.compile(
    "[們個這還嗎麼請問單號訂貨錢費關門時間發票會員幾點為與對從過說裡後經總帳戶碼]"
)


def foreign_text(matter: Matter, language: str | None, message: str) -> str | None:
    """Return what is said in a language (ISO 639-1), None if it is not spoken here.

    `message` tells in which letters its writer reads it.
    """
    own = _phrases().get(_written(language, message)) if language else None
    return own[matter] if own else None


def _written(language: str, message: str) -> str:
    if language == "hi" and not _DEVANAGARI.search(message):
        return "hi-Latn"
    if language == "zh" and _TRADITIONAL.search(message):
        return "zh-Hant"
    return language


@lru_cache(maxsize=1)
def _phrases() -> Mapping[str, Mapping[Matter, str]]:
    phrases: Mapping[str, Mapping[Matter, str]] = yaml.safe_load(
        PHRASES.read_text(encoding="utf-8")
    )
    return phrases
