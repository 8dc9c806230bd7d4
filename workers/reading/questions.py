"""Split a message into its single questions and requests; one question is never cut in two.

What is certain is split: sentences that ask, items of a list, and what follows "and", "also" or a
comma where both sides are questions by their word order. A doubtful "and" stays inside.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.reading import question_forms as forms
from workers.reading.gated import holds_any
from workers.reading.lexicon import content_words, topic_words
from workers.reading.reference import carried, join, points_back
from workers.reading.text import MAX_CHARACTERS, Span, fold, sentences, trimmed

MAX_PASSAGES = 4
_MIN_WORDS = 3  # of a part that may stand alone
_MAX_CLAUSE = 240  # characters that are looked at on either side of a joint


@dataclass(frozen=True, slots=True)
class Passage:
    """What is searched for, and the part of the message that asked for it.

    `text` has more words than its span where the question leans on an earlier part.
    """

    text: str
    span: Span


def split_questions(text: str) -> tuple[Passage, ...]:
    """Return the 1 to 4 single questions of a message, in order.

    Sentences that only tell stay out where others ask. A message that asks nothing, or one thing
    in one sentence, comes back whole. A line break ends a sentence, so split before spaces are
    joined if the message has lines.
    """
    text = text[:MAX_CHARACTERS]
    whole = Passage(text, Span(0, len(text)))
    if forms.MAY_JOIN.search(text.rstrip()) is None:
        return (whole,)
    parts = _items(text) or list(_asked_parts(text))
    return _passages(text, parts) or (whole,)


def is_question(text: str) -> bool:
    """Tell whether a sentence asks or requests, by its mark or the first words of a clause."""
    folded = fold(text)
    return (
        folded.rstrip(" \"')").endswith("?")
        or (forms.ASKS.match(folded) or forms.LATER_ORDER.search(folded)) is not None
    )


def _asked_parts(text: str) -> Iterator[Span]:
    """Yield what asks; a statement only where "also …" or "; …" follows it: it asks too."""
    told: Span | None = None
    asked = False
    for sentence in sentences(text):
        folded = fold(sentence.of(text))
        if forms.TAG.fullmatch(folded) or ((asked or told) and _adds_nothing(folded)):
            continue
        added = forms.IS_ADDED.match(folded) is not None
        joined = text[: sentence.start].rstrip().endswith(";")
        asking = _asking(text, sentence, beside=added or joined)
        if not asking:
            told = sentence if told is None else Span(told.start, sentence.end)
            continue
        if told and not asked and (added or (joined and _is_problem(fold(told.of(text))))):
            yield told
        asked = True
        yield from asking


def _asking(text: str, sentence: Span, *, beside: bool) -> list[Span]:
    """Return the parts of a sentence that ask.

    A problem asks where another stands in the sentence or, if `beside`, before it.
    """
    part = sentence.of(text)
    asks = is_question(part)
    if not asks and not _is_problem(fold(part)):
        return []
    spans = _split(part)
    if not asks and not beside and len(spans) == 1:
        return []
    return [Span(sentence.start + each.start, sentence.start + each.end) for each in spans]


def _is_problem(folded: str) -> bool:
    return forms.PROBLEM.match(folded) is not None


def _adds_nothing(folded: str) -> bool:
    """Tell whether a sentence only presses what stands before it: "Can you fix that?"."""
    if not content_words(folded):
        return forms.ASPECT.search(folded) is None
    return (
        forms.NEEDS.match(folded) is not None and not folded.endswith("?") and points_back(folded)
    )


def _split(sentence: str) -> list[Span]:
    """Part one sentence where a question joins a question."""
    folded = fold(sentence)
    cuts: list[tuple[int, int]] = []
    first = begun = 0
    for joint in forms.JOINT.finditer(folded):
        before = folded[begun : min(joint.start(), begun + _MAX_CLAUSE)]
        after = folded[joint.end() : joint.end() + _MAX_CLAUSE]
        if joint.group().startswith(":"):
            first = begun = joint.end() if not cuts and forms.LEAD_IN.search(before) else begun
        elif _parts_ask(before, after, joint.group().strip()):
            cuts.append((joint.start(), joint.end()))
            begun = joint.end()
    starts = [first, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(sentence)]
    return [trimmed(sentence, start, end) for start, end in zip(starts, ends, strict=True)]


def _parts_ask(before: str, after: str, joint: str) -> bool:
    if len(before.split()) < _MIN_WORDS or len(after.split()) < _MIN_WORDS:
        return False
    if forms.CONDITION.match(before) or not content_words(before):
        return False
    if forms.BARE_PROBLEM.match(after):
        return _are_two_problems(before, after)
    by_order = (forms.ASKS_BY_ORDER.match(before) or forms.LATER_ORDER.search(before)) is not None
    if forms.NEEDS.match(after) and points_back(after):
        return False
    if joint == ",":
        return (
            by_order and bool(topic_words(after)) and forms.ASKS_BY_ORDER.match(after) is not None
        )
    if forms.EMBEDDED_FIRST.match(after) and not forms.ASKS_BY_ORDER.match(after):
        return forms.INQUIRY.search(before) is not None and after.startswith(("how ", "whether "))
    if "also" in joint and forms.ASKS_BY_ORDER.match(after):
        return len(topic_words(before)) > 1  # "also" says that the first part asks too
    return by_order or forms.ASKS.match(before) is not None


def _are_two_problems(before: str, after: str) -> bool:
    """Tell whether a problem stands beside another one, or beside a question, and not for it."""
    own = forms.NEEDS_NO_THING.search(after) or set(topic_words(after)) - set(topic_words(before))
    asks = forms.ASKS.match(before) is not None or _is_problem(before)
    return bool(own) and asks and not points_back(after)


def _items(text: str) -> list[Span]:
    """Return the items of a list that is numbered from 1 (or a), or bulleted."""
    marks = _numbered(text) or _bulleted(text)
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    items = [trimmed(text, mark.end(), end) for mark, end in zip(marks, ends, strict=True)]
    return items if all(len(item.of(text).split()) > 1 for item in items) else []


def _numbered(text: str) -> list[re.Match[str]]:
    marks: list[re.Match[str]] = []
    if not holds_any(text, forms.FIRST_ITEMS):
        return marks
    for found in forms.ITEM.finditer(text):
        if len(marks) < MAX_PASSAGES and found.group(1) in ("1234"[len(marks)], "abcd"[len(marks)]):
            marks.append(found)
    return marks if len(marks) > 1 else []


def _bulleted(text: str) -> list[re.Match[str]]:
    marks = list(forms.BULLET.finditer(text))
    lined = all("\n" in mark.group() or mark.start() == 0 for mark in marks)
    return marks if len(marks) > 1 and (lined or "•" in text) else []


def _passages(text: str, parts: Sequence[Span]) -> tuple[Passage, ...]:
    if len(parts) > MAX_PASSAGES:
        last = Span(parts[MAX_PASSAGES - 1].start, parts[-1].end)
        parts = [*parts[: MAX_PASSAGES - 1], last]
    passages: list[Passage] = []
    for index, part in enumerate(parts):
        former = parts[index - 1] if index else Span(0, 0)
        passages.append(Passage(_alone(part.of(text), _earlier(text, former, part)), part))
    return tuple(passages)


def _earlier(text: str, former: Span, part: Span) -> str:
    """Return what a part may lean on: the story right before it, else the part before."""
    story = text[max(former.end, part.start - _MAX_CLAUSE) : part.start].strip(" ,;")
    return story if topic_words(fold(story)) else former.of(text)


def _alone(text: str, earlier: str) -> str:
    bare = _without_joint(text)
    if not earlier:
        return bare
    return carried(bare, earlier) if topic_words(fold(bare)) else join(earlier, bare)


def _without_joint(text: str) -> str:
    found = forms.LEADING_JOINT.match(text)
    if found and len(text) - found.end() > 0:
        return text[found.end() :]
    return text
