"""What a message asks, without the greeting before it and the thanks after it.

"Good morning, I hope you are well. Where is my parcel? Thanks, Anna" asks where a parcel is, but
its vector lies half-way to small talk.
"""

from workers.reading import pleasantry_forms as forms
from workers.reading.lexicon import content_words, words
from workers.reading.text import fold

_REACH_END = 100  # characters that hold one closing phrase
_REACH = 160  # characters that hold one opening phrase; both bound the cost of a flood
_MAX_ROUNDS = 6
_MAX_FILLERS = 8


def strip_pleasantries(text: str) -> str:
    """Return a text without its pleasantries and fillers, or whole if it is nothing else."""
    bare = _without_openers(text)
    bare = _without_closers(bare)
    bare = forms.INSIDE.sub("", bare, count=_MAX_FILLERS).strip()
    return bare if bare == text or _says_something(bare) else text


def _says_something(bare: str) -> bool:
    return any(word not in forms.SMALL_TALK for word in content_words(fold(bare)))


def _without_openers(text: str) -> str:
    ironic = forms.IRONIC.match(text[:_REACH])
    text = text[ironic.end() :] if ironic else text
    for _ in range(_MAX_ROUNDS):
        opener = forms.OPENER.match(text[:_REACH])
        if not opener or opener.end() >= min(len(text), _REACH):
            break
        text = text[opener.end() :]
    return text


def _without_closers(text: str) -> str:
    for _ in range(_MAX_ROUNDS):
        start = max(0, len(text) - _REACH_END)
        if not _may_close(text[start:]):
            break
        closer = forms.CLOSER.search(text[start:])
        if not closer or start + closer.start(1) == 0:
            break
        text = text[: start + closer.start(1)].rstrip(" ,;-")
    return text


def _may_close(end: str) -> bool:
    return "-" in end or not forms.CLOSER_TRIGGERS.isdisjoint(words(fold(end)))
