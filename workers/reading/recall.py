"""Is a message a request to recall what the person said before, and what is it about?"""

from dataclasses import dataclass
from functools import lru_cache

from workers.reading import recall_forms as forms
from workers.reading.gated import GatedPattern
from workers.reading.lexicon import content_words
from workers.reading.questions import is_question
from workers.reading.text import fold

_MAX_CHARACTERS = 300
_MAX_CLOSINGS = 3
_MESSAGES = 512  # asked before the engine runs and after it: more than are on their way


@dataclass(frozen=True, slots=True)
class Recall:
    """A request to recall; `about` is what to look for among earlier turns ("": anything).

    One that is not `certain` may as well ask for what the company knows ("what was the price
    again?"): it is a request only if something that was said fits.
    """

    about: str
    certain: bool = True


def read_recall(text: str) -> Recall | None:
    """Return what a message wants recalled of the person's own words, or None."""
    if len(text) > _MAX_CHARACTERS:
        return None
    folded = fold(text)
    if not _may_recall(folded) or _is_secret(folded):
        return None
    for certain, patterns in ((True, forms.CERTAIN), (False, forms.POSSIBLE)):
        if any(_asks(folded, form) for form in patterns):
            matter = _matter(text, folded)
            return Recall(matter, certain) if matter or certain else None
    return None


def looks_back(text: str) -> bool:
    """Tell whether a message asks for something said before, even if `read_recall` reads none."""
    folded = fold(text[:_MAX_CHARACTERS])
    if not _may_recall(folded) or forms.LOOKS_BACK.search(folded) is None:
        return False
    return forms.RECITES.match(folded) is not None or is_question(text[:_MAX_CHARACTERS])


@lru_cache(maxsize=_MESSAGES)
def _may_recall(folded: str) -> bool:
    return forms.MAY_RECALL.search(folded) is not None


def _asks(folded: str, form: GatedPattern) -> bool:
    found = form.search(folded)
    if found is None:
        return False
    return forms.DENIED.search(folded[max(0, found.start() - 20) : found.start()]) is None


def _is_secret(folded: str) -> bool:
    """Tell whether a forgotten password is asked for, which nobody told the bot."""
    return forms.NOT_SAID.search(folded) is not None and forms.SAID.search(folded) is None


def _matter(text: str, folded: str) -> str:
    """Return a text without the words that only ask."""
    kept, end = [], 0
    for frame in forms.FRAME.finditer(folded):
        kept.append(text[end : frame.start()])
        end = frame.end()
    matter = " ".join(" ".join([*kept, text[end:]]).split())
    for _ in range(_MAX_CLOSINGS):
        if closing := forms.CLOSING.search(fold(matter)):
            matter = matter[: closing.start()]
    if opening := forms.OPENING.match(fold(matter)):
        matter = matter[opening.end() :]
    return matter.strip(" ,;:?!.'\"-") if content_words(fold(matter)) else ""
