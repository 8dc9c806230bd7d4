"""Does a message lean on the turn before, and what may it mean together with it?

"What about Ireland?" after "How much does delivery cost to France?" asks how much delivery costs
to Ireland. A search takes the candidates beside the message itself, so that a wrong guess here
costs nothing but a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from workers.reading import followup_forms as forms
from workers.reading.lexicon import content_words, topic_words, words
from workers.reading.reference import join, points_back, resolve, thing_in
from workers.reading.text import fold

FollowUpKind: TypeAlias = Literal["alone", "leaning", "correction"]

LEANS_FROM = 0.5  # score from which a message counts as leaning
_MAX_CHARACTERS = 200  # who writes more says what it is about
_MAX_WORDS = 25
_SHORT = 14  # words
_MAX_SLOT = 6  # words that take the place of something earlier
_SURE, _LIKELY, _MAYBE, _UNLIKELY, _NOT_AT_ALL = 0.95, 0.75, 0.55, 0.4, 0.0


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How surely a message leans on earlier ones, and texts to search for that join them."""

    kind: FollowUpKind
    score: float
    texts: tuple[str, ...] = ()


def read_followup(text: str, earlier: Sequence[str]) -> FollowUp:
    """Judge a message after the person's `earlier` ones of the conversation, newest last.

    Its texts come best first; there are none where it stands alone.
    """
    score, corrects = _leaning(fold(text[: _MAX_CHARACTERS + 1]))
    if not earlier or score == _NOT_AT_ALL:
        return FollowUp("alone", score if earlier else _NOT_AT_ALL)
    texts = tuple(dict.fromkeys(_together(text, _anchor(earlier), earlier[-1])))
    if score < LEANS_FROM:
        return FollowUp("alone", score, texts)
    return FollowUp("correction" if corrects else "leaning", score, texts)


def _leaning(folded: str) -> tuple[float, bool]:
    """Return the score of a folded message, and whether it corrects."""
    count = len(words(folded))
    if not 0 < count <= _MAX_WORDS or len(folded) > _MAX_CHARACTERS:
        return _NOT_AT_ALL, False
    if forms.CORRECTED.match(folded) or forms.REFUSED.match(folded):
        return _SURE, True
    return max(_by_form(folded, count), _by_pointer(folded, count)), False


def _by_form(folded: str, count: int) -> float:
    about = forms.ABOUT.match(folded)
    if about:
        return _SURE if len(about["slot"].split()) <= _MAX_SLOT else _UNLIKELY
    if forms.BARE_ASPECT.match(folded) or forms.ONE.match(folded):
        return _SURE
    if forms.FRAGMENT.match(folded) or (count <= _SHORT and forms.SOME.match(folded)):
        return _LIKELY
    joined = forms.JOINED.match(folded)
    if joined and count <= _MAX_SLOT:
        return _LIKELY
    if (joined and len(topic_words(folded)) <= 2) or forms.WHAT_IF.match(folded):
        return _MAYBE
    if not content_words(folded) and folded.rstrip().endswith("?"):
        return _MAYBE
    if forms.STILL.search(folded) and len(topic_words(folded)) <= 1:
        return _MAYBE
    return _UNLIKELY if count <= 2 else _NOT_AT_ALL


def _by_pointer(folded: str, count: int) -> float:
    topics = len(topic_words(folded))
    if points_back(folded):
        if topics <= 1:
            return _SURE
        return (
            _LIKELY if topics == 2 and count <= _SHORT else _MAYBE if count <= _SHORT else _UNLIKELY
        )
    if forms.INDIRECT.search(folded):
        return _MAYBE
    if count <= _SHORT and (forms.THEY.search(folded) or forms.PLACED.search(folded)):
        return _LIKELY if topics <= 1 else _MAYBE if topics <= 3 else _UNLIKELY
    return _NOT_AT_ALL


def _anchor(earlier: Sequence[str]) -> str:
    """Return the newest earlier message that stands alone, with what leant on it since."""
    last = earlier[-1]
    for message in reversed(earlier):
        if _leaning(fold(message))[0] < LEANS_FROM:
            return message if message is last else join(message, last)
    return last


def _together(text: str, earlier: str, last: str) -> Sequence[str]:
    """Return readings with `earlier`, the question that still holds, and the `last` message."""
    bare = text[forms.LEADING.match(fold(text)).end() :] or text  # type: ignore[union-attr]
    slot = _slot(text)
    if slot is not None and forms.DEED_INSTEAD.match(fold(slot)):
        return [resolve(slot, earlier) or slot]
    candidates: list[str | None]
    if slot is None:
        # "What about gift cards?", "how long are they valid?": the newest thing counts.
        newest = last if topic_words(fold(last)) else earlier
        candidates = [resolve(bare, newest), join(newest, bare), join(earlier, bare)]
    else:
        candidates = [_replaced(slot, earlier), join(earlier, slot)]
        if candidates[0] is None and topic_words(fold(slot)):
            candidates.append(slot)
    return [candidate for candidate in candidates if candidate]


def _slot(text: str) -> str | None:
    """Return what a message puts in the place of something earlier: "Ireland", "to Malta"."""
    folded = fold(text)
    for form in (forms.CORRECTED, forms.ABOUT, forms.REFUSED, forms.FRAGMENT):
        found = form.match(folded)
        if found and found["slot"]:
            slot = text[found.start("slot") : found.end("slot")].strip(" .!?,")
            if form is forms.ABOUT:
                before = text[: found.start("slot")].rstrip().rsplit(" ", 1)[-1]
                if forms.PREPOSITION.fullmatch(fold(before) + " "):
                    return f"{before} {slot}"
            return slot
    return None


def _replaced(slot: str, earlier: str) -> str | None:
    """Put `slot` where the earlier question has its like: a name, a place, a thing."""
    bare = earlier.rstrip(" ?.!")
    preposition = forms.PREPOSITION.match(fold(slot))
    name = slot[preposition.end() :] if preposition else slot
    names = [found for found in forms.NAME.finditer(bare) if found.start() > 0]
    if name[:1].isupper() and names:
        return f"{bare[: names[-1].start()]}{name}{bare[names[-1].end() :]}?"
    if preposition:
        like = fold(bare).rfind(f" {preposition[1]} ")
        return f"{bare[:like]} {slot}?" if like > 0 else f"{bare} {slot}?"
    return _thing_replaced(slot, bare) if forms.DETERMINED.match(fold(slot)) else None


def _thing_replaced(slot: str, earlier: str) -> str | None:
    """Replace the last thing of a question: "my email" by "my password", "red" by "blue one"."""
    thing = thing_in(earlier)
    place = -1 if thing is None else earlier.rfind(thing)
    if thing is None or place < 0:
        return None
    one = forms.KIND_OF_ONE.search(slot)
    new = f"{slot[: one.start()]} {thing.rsplit(' ', 1)[-1]}" if one else slot
    return f"{earlier[:place]}{new}{earlier[place + len(thing) :]}?"
