"""One spelling for one text: compatible forms, digits, marks, no Markdown, no invisible signs."""

import re
import unicodedata

_MARKS = str.maketrans("’‘`´“”„«»‐‑‒–—−⁄", '\'\'\'\'"""""------/')
_EMPHASIS = re.compile(r"\*+|(?<![\w@.-])_+|_+(?![\w@.-])|~~|^\s*(?:#{1,6}|>)\s+|\|", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-+*•]|\(?\d{1,2}[.)])\s+", re.MULTILINE)
_ARROW = re.compile(r"[→›➔➜➤▸]|[-=]>")
_STEP = re.compile(r"([^\W_]+)(?=\W{0,6}>\W{0,6}([^\W_]+))")
_FRACTIONS = {"½": " half ", "¼": " quarter ", "¾": " three quarters "}
_WORD = re.compile(r"[^\W\d_]+")
_ALLOWED_INVISIBLE = frozenset("\u200d\ufe0f")  # parts of emoji


def plain(text: str) -> str:
    """Return a text without Markdown's marks, in compatible characters and ASCII digits."""
    for sign, word in _FRACTIONS.items():
        text = text.replace(sign, word)
    text = unicodedata.normalize("NFKC", text).translate(_MARKS)
    text = "".join(map(_seen, text))
    return _EMPHASIS.sub(" ", _ARROW.sub(" > ", _BULLET.sub("", text)))


def steps_of(text: str) -> frozenset[tuple[str, str]]:
    """Return the words on either side of each arrow: a path through menus must be a source's."""
    return frozenset(_STEP.findall(plain(text).casefold()))


def is_disguised(text: str) -> bool:
    """Tell whether a text hides what it says: invisible signs in it, or scripts mixed in a word."""
    invisible = any(
        unicodedata.category(sign) in ("Cf", "Co", "Cc")
        and sign not in _ALLOWED_INVISIBLE
        and not sign.isspace()
        for sign in text
    )
    return invisible or any(len(_scripts(word)) > 1 for word in _WORD.findall(text))


def _seen(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    return "" if unicodedata.category(sign) == "Cf" else sign


def _scripts(word: str) -> set[str]:
    if word.isascii():
        return set()
    names = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
    return names & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}
