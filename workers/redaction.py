"""Take out of a message what may say who wrote it: names, numbers, addresses, mail, links.

Rules alone, so a name in lower case without a word that introduces it stays. Words of the knowledge
base are kept whatever they look like: they are the team's own.
"""

import re
from collections.abc import Iterable

from workers.reading.lexicon import FUNCTION_WORDS

_MAX_CHARACTERS = 1_000
_KEPT_DIGITS = 1  # "2 days" names nobody
_SHOUTED = 0.6  # from this share of capitals on, they say nothing

_MAIL = re.compile(
    r"[\w.+'%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w.+-]+\s+[\[(]?at[\])]?\s+[\w-]+\s+[\[(]?dot[\])]?\s+[a-z]{2,}\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|info|io|app|shop|co|eu|uk|de|fr|es|it|nl|ie|in|us)\b(?:/\S*)?",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<!\w)@\w+")
_WORD = r"[^\W\d_][\w'’-]*"
_CAPITAL = r"(?-i:[A-ZÀ-ÖØ-Þ])[\w'’-]*"
_ADDRESS = re.compile(
    rf"\b\d+\w?,?\s+(?:{_WORD}\s+){{1,3}}(?:street|road|avenue|lane|boulevard|terrace|crescent)\b"
    rf"|\b\d+\w?,?\s+(?:{_CAPITAL}\.?\s+){{1,3}}(?:st|rd|ave|ln|dr|drive|square|way|court|close|place)\b\.?"
    rf"|\b(?:{_CAPITAL}\s+){{1,3}}(?-i:Street|Road|Avenue|Lane|Drive|Square|Court|Boulevard|Terrace)\b"
    r"(?:\s+\d+\w?)?"
    r"|\b\w+(?:straße|strasse|str\.|platz|weg|allee|gasse)\s+\d+\w?"
    r"|\b[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+#]?\(?\b(?:\w+-)*\w*\d\w*(?:[\s./:()-]{1,2}\w*\d\w*)*(?:-\w+)*")
_INTRODUCED = re.compile(
    rf"\b(my\s+name(?:\s+is|'s)|i\s+am\s+called|call\s+me|name\s*:|mr|mrs)(\.?\s+)"
    rf"({_WORD}(?:\s+{_CAPITAL})*)",
    re.IGNORECASE,
)
_LOWER_SURNAME = re.compile(
    rf"(\bname(?:\s+is|'s)\s+\[name\])\s+(?!and\b|i\b){_WORD}", re.IGNORECASE
)
_HERE = re.compile(rf"\A\s*({_WORD})(?=\s+here\b)", re.IGNORECASE)
_CAPITALS = re.compile(rf"{_CAPITAL}(?:\s+{_CAPITAL})*")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:;\n]|\A\W+)\s*[\"'(]*\Z")
_PARTS = re.compile(r"\w+")
_NEVER_NAMES = frozenset(
    _PARTS.findall(
        "i ok okay monday tuesday wednesday thursday friday saturday sunday january february "
        "march april may june july august september october november december english german "
        "french spanish italian christmas easter pdf sms app id mr mrs ms miss dr "
        "name mail link address number"
    )
)


class Redactor:
    """Redact messages; `known` are texts whose words are kept."""

    def __init__(self, known: Iterable[str]) -> None:
        words = {word.lower() for text in known for word in _PARTS.findall(text)}
        self._kept = frozenset(words | FUNCTION_WORDS | _NEVER_NAMES)

    def redact(self, text: str) -> str:
        """Return a message, cut to 1,000 characters, with [name] and the like in place of these."""
        text = text[:_MAX_CHARACTERS]
        for kind, pattern in (("mail", _MAIL), ("link", _LINK), ("name", _HANDLE)):
            text = pattern.sub(f"[{kind}]", text)
        text = _ADDRESS.sub("[address]", text)
        text = _NUMBER.sub(self._number, text)
        return self._without_names(text)

    def _number(self, found: re.Match[str]) -> str:
        parts = _PARTS.findall(found[0])
        digits = sum(map(str.isdigit, found[0]))
        if digits <= _KEPT_DIGITS or all(part.lower() in self._kept for part in parts):
            return found[0]
        return "[number]"

    def _without_names(self, text: str) -> str:
        text = _INTRODUCED.sub(self._introduced, text)
        text = _LOWER_SURNAME.sub(r"\1", text)
        text = _HERE.sub(lambda found: self._named(found, 1), text)
        letters = [char for char in text if char.isalpha()]
        if sum(map(str.isupper, letters)) > _SHOUTED * len(letters):
            return text
        return _CAPITALS.sub(self._capitals, text)

    def _introduced(self, found: re.Match[str]) -> str:
        is_word = found[3][0].islower() and found[3].lower() in self._kept  # "call me back"
        return found[0] if is_word else f"{found[1]}{found[2]}[name]"

    def _named(self, found: re.Match[str], group: int) -> str:
        return found[0] if found[group].lower() in self._kept else "[name]"

    def _capitals(self, found: re.Match[str]) -> str:
        """Take out the capitalised words that nothing else explains."""
        starts_sentence = _SENTENCE_START.search(found.string, 0, found.start()) is not None
        words = found[0].split()
        if starts_sentence:
            first, *others = words
            rest = self._names(others)
            return " ".join((first, *rest))
        return " ".join(self._names(words))

    def _names(self, words: list[str]) -> list[str]:
        shown: list[str] = []
        for word in words:
            if self._is_kept(word):
                shown.append(word)
            elif shown[-1:] != ["[name]"]:
                shown.append("[name]")
        return shown

    def _is_kept(self, word: str) -> bool:
        parts = [part.lower() for part in _PARTS.findall(word) if len(part) > 1]
        return word.startswith("[") or all(part in self._kept for part in parts)
