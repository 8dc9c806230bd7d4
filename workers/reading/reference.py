"""Words that point back, and the earlier words that they stand for.

"Where is my order and can I still change it?": a search for "can I still change it" finds
nothing, one for "can I still change my order" does.
"""

import re
from collections import deque

from workers.reading.lexicon import content_words, topic_words
from workers.reading.text import fold

_MAX_EARLIER = 400  # characters; what is pointed at stands near
_POINTER = re.compile(
    r"\b(?:it|them|that one|this one|those|these|that|this"
    r"|(?<=there )one|(?<=get )one|(?<=have )one|(?<=need )one|(?<=buy )one|(?<=order )one"
    r"|(?<=with )one|(?<=use )one|(?<=return )one|(?<=cancel )one)\b(?!')"
)
_DEED = re.compile(r"\b(do|doing|done|did) (?:it|that|this|so)\b")
# "is it possible to …", "how long does it take to …": these words mean nothing earlier.
_EMPTY = re.compile(
    r"it (?:(?:still|also|usually|normally|really|all) )*(?:take|cost|mean|possible|allowed|ok|okay"
    r"|safe|true|free|easy|simple|hard|difficult|necessary|normal|legal|dangerous|good|bad|better|worth"
    r"|time|anything|much|long)s?\b[^.,?!]{0,30}?\b(?:to|for|if|that|when)\b|it if\b"
    r"|it\s+(?:looks?\s+like|seems?|turns\s+out)\b|it\s+be\s+(?:possible|ok|okay)\b|it\s+matter\b"
    r"|(?<=time is )it\b|(?<=day is )it\b"
)
_EVENT = re.compile(
    r"\b(?:it|this|that)(?:'s)?\s+(?:still |usually |normally |also |all |going to )*"
    r"(?:takes?|costs?|works?|happens?|means?|free|possible|allowed|safe|so|why|ok|okay|depends?|long"
    r"|much)\b"
)
# "this ladder", "so that you": not the thing itself.
_NOT_OBJECT = re.compile(
    r"(?:that|this|those|these)\s+(?!(?:one|already|again|too|now|yet|please|before|today|tomorrow"
    r"|online|either|myself|anymore|instead)\b)\w|one\s+(?:of|more|day|time|or)\b"
)
_OBJECT_THEN = re.compile(r"(?:this|those|these)\s+(?:in|on|at|to|for|with|from|by|and|or|if)\b")
_SUBJECT_THEN = re.compile(
    r"(?:that|this)\s+(?:is|was|does|did|didn't|doesn't|isn't|wasn't|will|won't|would|can|can't|could"
    r"|has|hasn't|works|worked|helps|helped|sounds|looks)\b"
)
_SUBJECT_ASKED = re.compile(
    r"(?:that|this)\s+(?:apply|include|mean|cover|come|go|count|need|require|per|for|with|also|true"
    r"|included|correct|normal|a|an|the|my|how|why|what|different|affect|change)\b"
    r"|(?:that|this|those|these)\s+(?:(?:still|also|really|all|ever|\w+ly)\s+)?\w+\W*\Z"
)
_AUXILIARY_BEFORE = re.compile(
    r"\b(?:does|is|are|was|were|will|can|could|did|would|do|has|have|isn't|aren't|doesn't|don't)\s+\Z"
)
# "can my neighbour take it": the subject is not the object.
_OWN_SUBJECT = re.compile(
    r"(?:\A|[.,!]\s*|\band\s+)(?:can|could|may|will|would|does|do|did|should)\s+"
    r"(?:my|the|your|a|our)\s+[\w-]+\s+[a-z]+\s+\Z"
)
_CLAUSE_BEGINS = re.compile(r"(?:\A|[.,;!?]\s*|\b(?:and|but|so|if|ok|okay|no|sorry|well)\s+)\Z")
_CLAUSE_PARTS = re.compile(r"[.,;!?]|\b(?:and|but|if|because|when|so|after|before|which|that|or)\b")
_AFTER_PREPOSITION = re.compile(r"\b(?:for|with|on|about|of|in|to)\s+\Z")
_MAX_OWN_TOPICS = 1  # words before "it"; with more, it stands for one of them
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
# "is the table waterproof": where the thing ends cannot be told.
_COMPLEMENT = re.compile(r"\W*(?:is|are|was|were|isn't|aren't)\s")
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


def _things(earlier: str) -> int:
    return sum(1 for _ in _THING.finditer(fold(earlier[-_MAX_EARLIER:])))


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
    vague = pointer.group() in ("this", "that") or _COMPLEMENT.match(fold(earlier)) is not None
    thing = None if vague or _things(earlier) > 1 else thing_in(earlier)
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
    """Find the first word that stands for something outside of the text."""
    for found in _POINTER.finditer(folded):
        before = folded[: found.start()]
        if _EMPTY.match(folded, found.start()) or not _is_pronoun(found, before):
            continue
        return None if _stands_for_own(before) else found
    return None


def _is_pronoun(found: re.Match[str], before: str) -> bool:
    text, start = found.string, found.start()
    if _EVENT.match(text, start) or _OBJECT_THEN.match(text, start):
        return True
    if _SUBJECT_ASKED.match(text, start) and _AUXILIARY_BEFORE.search(before):
        return True
    if _SUBJECT_THEN.match(text, start):
        return _CLAUSE_BEGINS.search(before) is not None
    return _NOT_OBJECT.match(text, start) is None


def _stands_for_own(before: str) -> bool:
    """Tell whether a pronoun stands for what its own text has named before it."""
    clause = _CLAUSE_PARTS.split(before)[-1]
    if _AFTER_PREPOSITION.search(before) and len(topic_words(before)) == len(topic_words(clause)):
        return False
    if _OWN_SUBJECT.search(before):
        return False
    return thing_in(before) is not None or len(topic_words(before)) > _MAX_OWN_TOPICS
