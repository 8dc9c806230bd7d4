"""What a message says it does not want, or has not done, and what it wants besides.

"I do NOT want to cancel my order" must not get the how-to for cancelling. A negation inside a
problem ("my code does not work", "I can't log in", "I don't want to pay for delivery") negates no
request and is none of this.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.reading import negation_forms as forms
from workers.reading.lexicon import content_words
from workers.reading.reference import resolve, thing_in
from workers.reading.text import MAX_CHARACTERS, Span, fold

_MAX_CLAUSE = 160
_REACH_BACK = 200


@dataclass(frozen=True, slots=True)
class Negation:
    """The unwanted parts of a message, and the text of what it asks besides (None: nothing)."""

    spans: tuple[Span, ...]
    wanted: str | None


def read_negation(text: str) -> Negation | None:
    """Return what a message declines and what it wants, or None if it declines nothing."""
    text = text[:MAX_CHARACTERS]
    folded = fold(text)
    if not (forms.NO_FIRST.match(folded) or forms.MAY_NEGATE.search(folded)):
        return None
    spans = _disjoint([*_retracted(folded), *_negated(folded), *_contrasted(folded)])
    return Negation(tuple(spans), _wanted(text, spans)) if spans else None


def _retracted(folded: str) -> Iterator[Span]:
    found = forms.RETRACTED.search(folded)
    if found and content_words(folded[: found.start()]):
        yield Span(0, found.end())


def _negated(folded: str) -> Iterator[Span]:
    for found in forms.NEGATED.finditer(folded):
        end = _clause_end(folded, found.end())
        if _declines(found, folded, end):
            lead = len(found.group()) - len(found.group().lstrip(" .!?;:,\n"))
            yield Span(found.start() + lead, end)


def _declines(found: re.Match[str], folded: str, end: int) -> bool:
    before = folded[max(0, found.start() - 16) : found.start()]
    clause = folded[found.end() : end]
    if found["denied"]:
        supposed = forms.SUPPOSED.search(before) or forms.ONCE.search(clause)
        return supposed is None and not _asks(folded, end)
    if forms.DOUBTED.search(before) or forms.NO_CHOICE.match(folded, end):
        return False
    if found["topic"]:
        return forms.CONTRAST.match(folded, end) is not None
    if found["wish"]:
        bare = found["wish"] in ("want", "need")
        contrasted = bare and forms.CONTRAST.match(folded, end) is not None
        return contrasted or _is_request(found["wish"], clause)
    if found["aim"] and found["aim"].endswith(" to"):
        verb = forms.DEED_VERB if found["aim"].startswith("going") else forms.WISH_VERB
        return verb.match(clause) is not None
    if found["done"]:
        return forms.GIVEN_UP.search(clause) is None
    return not (found["order"] and _asks(folded, end))


def _asks(folded: str, end: int) -> bool:
    return folded[end : end + 2].strip().startswith("?")


def _is_request(wish: str, clause: str) -> bool:
    if wish.endswith((" to", " on", "wanna")):
        return forms.WISH_VERB.match(clause) is not None
    # "I don't want the lamp any more" wishes to send it back.
    return forms.WISH_THING.match(clause) is not None and forms.GIVEN_UP.search(clause) is None


def _contrasted(folded: str) -> Iterator[Span]:
    for found in forms.CONTRASTED.finditer(folded):
        before = folded[max(0, found.start() - _REACH_BACK) : found.start()]
        sentence = forms.SENTENCE_MARK.split(before)[-1]
        wished = not sentence or forms.WISHED.search(sentence) is not None
        if wished and not forms.HAPPENED.search(sentence):
            yield Span(found.start(), _clause_end(folded, found.end()))


def _clause_end(folded: str, start: int) -> int:
    limit = min(len(folded), start + _MAX_CLAUSE)
    found = forms.CLAUSE_END.search(folded, start, limit)
    return limit if found is None else found.start()


def _disjoint(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _wanted(text: str, spans: Sequence[Span]) -> str | None:
    starts = [0, *(span.end for span in spans)]
    ends = [*(span.start for span in spans), len(text)]
    parts = [_tidy(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    rest = " ".join(part for part in parts if part)
    if not set(content_words(fold(rest))) - forms.IDLE:
        return None
    return _resolved(rest, spans[0].of(text)) if not parts[0] else rest


def _resolved(rest: str, declined: str) -> str:
    """Say what "it" is if the declined part names a thing: "not return the lamp, but clean it"."""
    thing = thing_in(declined)
    named = thing is not None and forms.WISH_THING.match(fold(thing)) is None
    return (resolve(rest, declined) if named else None) or rest


def _tidy(part: str) -> str:
    start = forms.LOOSE_START.match(part)
    part = part[start.end() :] if start else part
    end = forms.LOOSE_END.search(part[-40:])
    return (part[: len(part) - len(end.group())] if end else part).strip()
