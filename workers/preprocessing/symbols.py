"""Say in words what emoji, emoticons and other unspoken characters mean.

The words are single tokens of BERT's vocabulary, and words that the tone lexicon rates too.
"""

import re
import unicodedata
from functools import cache, lru_cache

from workers.nltk_modules import nltk_module

_MEANINGS = {
    "happy": "😀😃😄😁😊🙂😇😌🤗☺😎🤩😋😜😛😝🤪😸😺😉😏",
    "laughing": "😂🤣😆😅😹",
    "love": "❤🧡💛💚💙💜🖤🤍🤎♥❣💕💖💗💓💞💘💝😍🥰😘😻",
    "please": "🙏🥺",
    "good": "👍👌✅✔💯👏💪🙌",
    "bad": "👎",
    "angry": "😠😡🤬👿💢😾🖕",
    "annoyed": "😒🙄😤😑😐😬",
    "sad": "😢😭😞😔😟🙁☹😿💔😥😩😫😖😣😪",
    "worried": "😰😨😱😧😦😓😳🙀",
    "confused": "😕🤔🤷❓❔😵🤨🫤",
    "party": "🎉🥳🎊",
    "tired": "😴🥱",
    "sick": "🤢🤮🤒🤕😷",
    "fire": "🔥",
    "bye": "👋",
}
_WORD_OF = {ord(symbol): word for word, symbols in _MEANINGS.items() for symbol in symbols}
_PUNCTUATION = str.maketrans("‘’‚‛“”„‟′″‐‑‒–—―…", "''''\"\"\"\"'\"------.")
_EMPTY_NAME_WORDS = re.compile(
    r"\b(?:face|with|sign|symbol|mark|heavy|black|white|negative|squared|of|and|the|emoji)\b"
)
_MAX_NAME_WORDS = 3

_FIRST_PICTURE = 0x2190
_FIRST_REGIONAL_INDICATOR, _LAST_REGIONAL_INDICATOR = 0x1F1E6, 0x1F1FF
_DRAWING = range(0x2500, 0x25A0)
_BRAILLE = range(0x2800, 0x2900)
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_SPACED = {"Cc", "Zs", "Zl", "Zp", "Cn"}
_DROPPED = {"Cf", "Cs", "Co", "Me"}

_REPEATED_PICTURE = re.compile("([\u2190-\u2bff\U0001f000-\U0001faff])(?:[\ufe0e\ufe0f]*\\1)+")
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")


def spell_symbols(text: str) -> str:
    """Replace pictures by words and invisible characters by nothing or a space."""
    toneless = _SKIN_TONE.sub("", text)
    return _REPEATED_PICTURE.sub(r"\1", toneless).translate(_Spelling())


def without_invisible(text: str) -> str:
    """Drop what has no shape (zero-width, bidi, lone surrogates), so that hidden joins show."""
    return "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Cs"})


class _Spelling:
    """A table for `str.translate` that works out each character when it is first met."""

    def __getitem__(self, code: int) -> str:
        return _spelled(code)


@lru_cache(maxsize=4096)
def _spelled(code: int) -> str:
    if code in _WORD_OF:
        return f" {_WORD_OF[code]} "
    if code in _PUNCTUATION:
        return chr(_PUNCTUATION[code])
    if _FIRST_REGIONAL_INDICATOR <= code <= _LAST_REGIONAL_INDICATOR:
        return chr(code - _FIRST_REGIONAL_INDICATOR + ord("A"))
    return _spelled_by_category(chr(code))


def _spelled_by_category(char: str) -> str:
    category, code = unicodedata.category(char), ord(char)
    if category in _DROPPED or any(code in selectors for selectors in _SELECTORS):
        return ""
    if category in _SPACED or code in _DRAWING or code in _BRAILLE:
        return " "
    if category in {"So", "Sk"} and code >= _FIRST_PICTURE:
        return f" {_name_words(char)} "
    return char


def _name_words(char: str) -> str:
    name = unicodedata.name(char, "").lower().replace("-", " ")
    return " ".join(_EMPTY_NAME_WORDS.sub(" ", name).split()[:_MAX_NAME_WORDS])


_HAPPY_MOUTHS = frozenset(")]}dDpP")
_SAD_MOUTHS = frozenset("([{@")
_MIRRORED = str.maketrans("()[]{}", ")(][}{")
_REPEATED_MOUTH = re.compile(r"([:;=][-o*']?)([()\[\]{}DPp|])\2+")
_AFTER_A_WORD = re.compile(r"[:;=]['-]?[()]")


def spell_emoticons(text: str) -> str:
    """Replace what NLTK takes for an emoticon, and stands alone, by a word for its feeling."""
    return _emoticon_pattern().sub(_spelled_emoticon, _REPEATED_MOUTH.sub(r"\1\2", text))


@cache
def _emoticon_pattern() -> re.Pattern[str]:
    # Only a process that prepares messages pays for NLTK.
    return re.compile(nltk_module("nltk.tokenize.casual").EMOTICONS, re.VERBOSE)


def _spelled_emoticon(found: re.Match[str]) -> str:
    word = _feeling(found.group()) if _stands_alone(found) else None
    return f" {word} " if word else found.group()


def _stands_alone(found: re.Match[str]) -> bool:
    start, end = found.span()
    before, after = found.string[max(0, start - 1) : start], found.string[end : end + 1]
    if after.isalnum() or after == "/":
        return False
    if not before or before.isspace() or not before.isalnum():
        return True
    return before.isalpha() and _AFTER_A_WORD.fullmatch(found.group()) is not None


def _feeling(emoticon: str) -> str | None:
    if emoticon.endswith("3"):
        return "sad" if "/" in emoticon else "love"
    cross = emoticon[0] == ">" or emoticon[-1] == "<"
    face = emoticon.strip("<>")
    if face[0] not in ":;=":  # read from the right: (: and D:
        face = face[::-1].translate(_MIRRORED)
        if face[-1] in "dDpP":
            return "worried" if face[-1] == "D" else None
    if face[0] not in ":;=":
        return None
    return _feeling_of_mouth(face[-1], cross=cross)


def _feeling_of_mouth(mouth: str, *, cross: bool) -> str | None:
    if mouth in _HAPPY_MOUTHS:
        return "happy"
    if mouth in _SAD_MOUTHS:
        return "angry" if cross else "sad"
    return "unsure" if mouth in "/\\|" else None
