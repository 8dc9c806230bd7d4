"""Turn messy chat into text that a BERT vocabulary and a tone lexicon can read.

Compatibility normalisation (NFKC) rather than canonical: chat brings full-width and "styled"
letters, ligatures and no-break spaces, and the encoder knows none of them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, product
from types import MappingProxyType

from workers.preprocessing.symbols import spell_emoticons, spell_symbols, without_invisible

_NO_RANKS: Mapping[str, int] = MappingProxyType({})

_SIMPLE = re.compile(r"[a-zA-Z ,.?!'()-]*")
_TRIPLED = re.compile(r"(.)\1\1")
_MESSY = re.compile(r"[^ -~]|[:;=@\[<]|\d{6}|([^\W\d_])\1\1|([!-/?_~])\2\2\2|www\.|\d{4}[ -]\d{4}")
_URL = re.compile(r"(?:https?://|www\.)\S*[^\s.,;:!?)\]}'\"]", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_ADDRESSED = re.compile(r"^(?:@\w{1,40}[\s,:]+)+(?=\S)")
_NUMBER = re.compile(
    r"\+\d[\d ()-]{7,18}\d\b"  # telephone
    r"|\b\d{4}(?:[ -]\d{4}){2,4}\b"  # card
    r"|\b(?:[A-Za-z]{0,4}\d){6,40}\w{0,40}\b"  # order, parcel, account
    r"|\d{6,}"
)
_EYES = re.compile("[:;=]|<[/3]")
_MAX_STRETCHES = 4
_STRETCHED_WORD = re.compile(r"\b\w*([^\W\d_])\1\1\w*\b")
_STRETCH = re.compile(r"([^\W\d_])\1{2,}")
_PUNCTUATION_RUN = re.compile(r"([^\w\s])\1{3,}")
_SPECIAL_TOKEN = re.compile(r"\[(SEP|CLS|MASK|PAD|UNK)\]")


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text ready for a tokenizer, and whether more than spaces had to change."""

    text: str
    rewritten: bool


def clean(text: str, ranks: Mapping[str, int] = _NO_RANKS) -> CleanText:
    """Return `text` without what an encoder cannot read, its meaning kept.

    Emoji and emoticons become words; links, e-mail addresses and long numbers become "link",
    "email" and "number"; a leading "@name" goes; "soooo" becomes the reading that comes first in
    `ranks` (lower-case word → place by frequency), or "soo"; literal special tokens lose their
    brackets. Never raises; an unreadable message becomes "".
    """
    spaced = " ".join(text.split())
    if not _is_messy(spaced):
        return CleanText(spaced, rewritten=False)
    readable = spaced if spaced.isascii() and spaced.isprintable() else _plain(spaced)
    worded = _neutralise(_shorten(_spell_references(readable), ranks))
    if _EYES.search(worded):
        worded = spell_emoticons(worded)
    tidy = " ".join(worded.split())
    return CleanText(tidy, rewritten=tidy != spaced)


def _is_messy(spaced: str) -> bool:
    """Tell whether anything has to change; most messages need two short looks."""
    if _SIMPLE.fullmatch(spaced) and _TRIPLED.search(spaced) is None:
        return False
    return _MESSY.search(spaced) is not None


def _plain(text: str) -> str:
    return spell_symbols(unicodedata.normalize("NFKC", without_invisible(text)))


def _spell_references(text: str) -> str:
    if "@" in text:
        text = _ADDRESSED.sub("", _EMAIL.sub(" email ", text))
    return _NUMBER.sub(" number ", _URL.sub(" link ", text))


def _shorten(text: str, ranks: Mapping[str, int]) -> str:
    words = _STRETCHED_WORD.sub(lambda found: _shorten_word(found.group(), ranks), text)
    return _PUNCTUATION_RUN.sub(r"\1\1\1", words)


def _shorten_word(word: str, ranks: Mapping[str, int]) -> str:
    """Take the commonest word among the single and double readings of every stretched letter."""
    parts = _STRETCH.split(word)
    letters = parts[1::2]
    if len(letters) > _MAX_STRETCHES:
        return _STRETCH.sub(r"\1", word)
    readings = [_joined(parts, counts) for counts in product((2, 1), repeat=len(letters))]
    return min(readings, key=lambda reading: ranks.get(reading.lower(), len(ranks)))


def _joined(parts: list[str], counts: tuple[int, ...]) -> str:
    letters = (letter * count for letter, count in zip(parts[1::2], counts, strict=True))
    return "".join(chain.from_iterable(zip(parts[::2], chain(letters, [""]), strict=True)))


def _neutralise(text: str) -> str:
    return _SPECIAL_TOKEN.sub(lambda found: f" {found.group(1).lower()} ", text)
