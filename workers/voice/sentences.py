"""Cut a stream of text into the units that are checked and shown: sentences, or lines."""

import re

from workers.voice.vocabulary import words_in

_LONGEST = 1_000  # characters after which a unit ends, whatever stands there
_LONGEST_GAP = 200  # characters of white space that belong to one end
_STOP = re.compile(r"\n|[.!?…]+|[。！？｡؟।॥۔]+")
_CLOSERS = re.compile(r"[\"'”’»)\]}」』）】*_`~]{0,8}")
_GAP = re.compile(r"[^\S\n]*")
_WHOLE_LINE = re.compile(
    r"\s*(?:\||(?:[>+*•–—-]|\(?\d{1,3}[.)]|[a-zA-Z][.)])\s+\S)"
)  # rows, list items
_LIST_MARK = re.compile(r"\s*(?:\(?\d{1,3}|[a-zA-Z])\Z")
_LAST_WORD = re.compile(r"(?:[^\W\d_]\.)*[^\W_]+\Z")
_QUOTES = frozenset("\"'”’»」』")
_WIDE = frozenset("。！？｡؟।॥۔")
_NEVER_LAST = words_in(
    """
    mr mrs ms mx dr prof st rev hon sr jr e.g i.e eg ie cf vs approx ca tel ext dept est
    incl excl bzw z.b d.h u.a ggf nr fig vol art abs sec
    """
)
_BEFORE_DIGITS = words_in(
    """
    no nos p pp ch para min max
    """
)
_LAST_BEFORE_CAPITAL = words_in(
    """
    a.m p.m am pm etc inc ltd co corp plc u.s u.k u.s.a
    """
)


class SentenceCutter:
    """Cuts what it is fed, piece by piece; all that it returns joined is what it was fed."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> list[str]:
        """Return the sentences that are certain to be over, white space included."""
        self._text += piece
        return self._take(final=False)

    def end(self) -> list[str]:
        """Return the rest."""
        sentences = self._take(final=True)
        rest, self._text = self._text, ""
        return [*sentences, rest] if rest else sentences

    def _take(self, *, final: bool) -> list[str]:
        taken: list[str] = []
        while (end := _first_end(self._text, final=final)) is not None:
            taken.append(self._text[:end])
            self._text = self._text[end:]
        return taken


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a whole text."""
    cutter = SentenceCutter()
    return [*cutter.feed(text), *cutter.end()]


def _first_end(text: str, *, final: bool) -> int | None:
    """Return where the first unit ends, None if that cannot be told yet."""
    start = len(text) - len(text.lstrip())
    for stop in _STOP.finditer(text, start, min(len(text), _LONGEST)):
        if stop.group() == "\n":
            return stop.end()
        end = _end_after(text, stop, final=final)
        if end is None:
            return None
        if end:
            return end
    if len(text) < _LONGEST:
        return None
    space = max(text.rfind(mark, start, _LONGEST) for mark in " \t")
    return space + 1 if space >= _LONGEST // 2 else _LONGEST


def _end_after(text: str, stop: re.Match[str], *, final: bool) -> int | None:
    """Return where the unit ends that has this stop: 0 if it goes on, None if unknown yet."""
    marks = _STOP.match(text, stop.start())
    closers = _CLOSERS.match(text, marks.end() if marks else stop.end())
    after = closers.end() if closers else stop.end()
    gap = _GAP.match(text, after)
    there = gap.end() if gap else after
    if there - after >= _LONGEST_GAP:
        return after + _LONGEST_GAP
    if there == len(text):
        return None if not final else 0
    if text[there] == "\n":
        return there + 1
    closed = closers.group() if closers else ""
    is_wide = stop.group()[0] in _WIDE
    if _WHOLE_LINE.match(text):
        return 0
    if (there == after and not is_wide) or _is_inside(text[:after]):
        return 0
    return there if is_wide or _is_last(text, stop, closed, text[there]) else 0


def _is_last(text: str, stop: re.Match[str], closed: str, following: str) -> bool:
    if stop.group()[-1] in "!?":
        return not (following.islower() and not _QUOTES.isdisjoint(closed))
    if following.islower():
        return False
    before = text[: stop.start()]
    if len(stop.group()) > 1:
        return True
    return not _LIST_MARK.match(before.rsplit("\n", 1)[-1]) and not _is_short(before, following)


def _is_short(before: str, following: str) -> bool:
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found.group()
    folded = word.lower()
    if folded in _NEVER_LAST or (len(word) == 1 and word.isupper() and word != "I"):
        return True
    if folded in _BEFORE_DIGITS:
        return following.isdigit()
    return folded in _LAST_BEFORE_CAPITAL and not (following.isupper() or not following.isalnum())


def _is_inside(text: str) -> bool:
    """Tell whether a code span, bold text or a link's brackets are still open."""
    code = text.count("`") % 2
    return bool(code or text.count("**") % 2 or text.count("[") > text.count("]"))
