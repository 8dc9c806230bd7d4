"""Words that point back, and the earlier words that they stand for.

"Where is my order and can I still change it?": a search for "can I still change it" finds
nothing, one for "can I still change my order" does.
"""

import re
from collections import deque

from workers.reading.lexicon import content_words, topic_words
from workers.reading.text import fold

_MAX_EARLIER = 400  # characters; what is pointed at stands near
_POINTER = re.compile(r"\b(?:it|them|that one|this one|those|these|that|this|one)\b(?!')")
_DEED = re.compile(r"\b(do|doing|done|did) (?:it|that|this|so)\b")
# "is it possible to …", "how long does it take": nothing earlier is meant by these words alone.
_EMPTY = re.compile(
    r"\bit (?:possible|ok|okay|allowed|safe|true|necessary|normal)\b (?:to|that|if)"
)
_EVENT = re.compile(
    r"\b(?:it|this|that)(?:'s)?\s+(?:still |usually |normally |also |all |going to )*"
    r"(?:take|cost|work|happen|mean|free|possible|allowed|safe|so|why|ok|okay|depend|long|much)"
)
_NOT_OBJECT = re.compile(r"(?:that|this|those|these|one)\s+(?!one\b)\w")
_THING = re.compile(
    r"\b(?:my|our|the|a|an|your|his|her|their|this|that)\s+"
    r"((?:[^\W\d_][\w'-]*\s+){0,2}[^\W\d_][\w'-]*)"
)
_NOT_IN_THING = re.compile(
    r"\s+(?:(?:and|or|but|to|for|from|in|on|at|of|with|by|is|are|was|were|be|been|has|have|had|do"
    r"|does|did|can|could|will|would|should|i|you|we|they|it|that|which|who|when|where|if|because"
    r"|not|yet|still|today|yesterday|tomorrow|now|please|so|than|as|before|after|online|back|into"
    r"|last|earlier|using|via|through|about|arrive[ds]?|arriving|come|coming|came|get|got|shipped|sent|abroad)\b|isn't|hasn't"
    r"|doesn't|didn't|wasn't|won't|can't|haven't).*\Z"
)
_ACTION = re.compile(
    r"(?:\b(?:can|could|may|should|must|do|would|will)\s+(?:i|we|you|u)\s+(?:please\s+|also\s+)?"
    r"|\b(?:how|want|wanna|need|like|possible|able|trying|wish|where|when)\s+to\s+)"
    r"([a-z]+\s+(?:[\w'-]+\s*){1,6})"
)


def thing_in(earlier: str) -> str | None:
    """Return the last thing that a text names with its article: "my order"."""
    earlier = earlier[-_MAX_EARLIER:]
    folded = fold(earlier)
    found = _last(_THING, folded)
    if found is None:
        return None
    inside = _NOT_IN_THING.sub("", found.group(1))
    if not topic_words(inside):
        return None
    article = "the" if found.group().startswith(("a ", "an ", "this ", "that ")) else None
    thing = earlier[found.start() : found.start(1) + len(inside)].rstrip(" ?.!,")
    return thing if article is None else f"{article} {earlier[found.start(1) :][: len(inside)]}"


def action_in(earlier: str) -> str | None:
    """Return what a question asks how to do: "change my email address"."""
    earlier = earlier[-_MAX_EARLIER:]
    found = _last(_ACTION, fold(earlier))
    return None if found is None else earlier[found.start(1) : found.end(1)].strip()


def points_back(text: str) -> bool:
    """Tell whether a text has a word that stands for something said before."""
    folded = fold(text)
    return _pointer(folded) is not None


def resolve(text: str, earlier: str) -> str | None:
    """Return `text` with its pointing word replaced by what `earlier` names, if that is plain."""
    folded = fold(text)
    deed = _DEED.search(folded)
    if deed:
        action = action_in(earlier)
        return None if action is None else f"{text[: deed.start()]}{action}{text[deed.end() :]}"
    pointer = _pointer(folded)
    if pointer is None or _EVENT.match(folded, pointer.start()):
        return None
    # "this" and "that" alone mostly mean the whole of what was said.
    thing = None if pointer.group() in ("this", "that") else thing_in(earlier)
    if thing is None:
        return None
    return f"{text[: pointer.start()]}{thing}{text[pointer.end() :]}"


def join(earlier: str, text: str) -> str:
    """Return both texts as one to search for."""
    return f"{earlier.rstrip(' ?.!,;:')}, {text}"


def carried(text: str, earlier: str) -> str:
    """Return `text` with as much of `earlier` as it needs to be understood alone."""
    folded = fold(text)
    if topic_words(folded):
        return (resolve(text, earlier) or join(earlier, text)) if points_back(text) else text
    return resolve(text, earlier) or join(earlier, text) if content_words(earlier) else text


def _last(pattern: re.Pattern[str], folded: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(folded), maxlen=1)), None)


def _pointer(folded: str) -> re.Match[str] | None:
    """Find "it" and the like; not "it possible to", not "this ladder", not "so that you"."""
    for found in _POINTER.finditer(folded):
        if _EMPTY.match(folded, found.start()):
            continue
        if _NOT_OBJECT.match(folded, found.start()) and not _EVENT.match(folded, found.start()):
            continue
        return None if thing_in(folded[: found.start()]) else found
    return None
