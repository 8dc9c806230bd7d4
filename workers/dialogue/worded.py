"""Put a decision into words that fit the tone; say at most one thing besides."""

from dataclasses import dataclass

from shared.jobs import AnswerKind, Tone
from workers.dialogue import phrases
from workers.dialogue.called import GRAVE
from workers.dialogue.decision import Decision
from workers.dialogue.state import Dialogue
from workers.tone.trend import Concern
from workers.tone.wording import Wording

_MAY_OFFER_PERSON: frozenset[AnswerKind] = frozenset({"answer", "clarify"})
_PLAIN = Tone("neutral", 1.0)
_GAP = "\n\n"  # between paragraphs
_UPSET_FROM = 0.6  # a negative tone of this probability takes no cheerful small talk


@dataclass(frozen=True, slots=True)
class Worded:
    """A reply (Markdown), the openers that it used, and what it says of a person.

    `words` may be put otherwise; `kept` stands below them as it is, because it says what the next
    message can refer to. `person_offered`: the reply offers one. `person_announced`: it says that
    one has been called.
    """

    words: str
    openers: tuple[str, ...] = ()
    person_offered: bool = False
    person_announced: bool = False
    kept: str = ""

    @property
    def text(self) -> str:
        """Return the whole reply."""
        return _stacked(self.words, self.kept)


def word(
    wording: Wording,
    decision: Decision,
    dialogue: Dialogue,
    tone: Tone,
    concern: Concern | None,
    job_id: str,
) -> Worded:
    """Return the words of a reply; `concern` says why a person should be offered, if so."""
    # Grave words stand alone: an apology for the service before them would be out of place.
    if not decision.text or decision.handover in GRAVE:
        return Worded(decision.text)
    if decision.solemn:
        tone, concern = _PLAIN, None
    kind = decision.answer.kind
    if decision.called:
        return _word_called(wording, decision, dialogue, tone, job_id)
    if kind == "smalltalk" and _is_upset(tone) and "negative" not in decision.tones:
        return Worded(phrases.choose(phrases.UPSET, job_id), person_offered=True)
    text, openers = wording.adapt(
        decision.text, decision.tones, tone, dialogue.openers, kind, job_id
    )
    words, kept = _split(text, decision.kept)
    if not concern or kind not in _MAY_OFFER_PERSON:
        return Worded(words, openers, decision.offers_person, kept=kept)
    offer, used = wording.offer_person(dialogue.openers, job_id)
    offered = bool(offer) or decision.offers_person
    return Worded(words, (*openers, *used), offered, kept=_stacked(kept, offer))


def _word_called(
    wording: Wording, decision: Decision, dialogue: Dialogue, tone: Tone, job_id: str
) -> Worded:
    kind = decision.answer.kind
    if kind == "smalltalk" and _is_upset(tone):
        text = phrases.choose(phrases.CALLED_UPSET, job_id)
        return Worded(text, person_announced=True)
    text, openers = wording.adapt(
        decision.text, decision.tones, tone, dialogue.openers, kind, job_id
    )
    words, kept = _split(text, decision.kept)
    if decision.called == "unsaid" and not dialogue.person_announced:
        kept = _stacked(kept, phrases.choose(phrases.CALLED_TOO, job_id))
    return Worded(words, openers, person_announced=True, kept=kept)


def _split(text: str, kept: str) -> tuple[str, str]:
    """Return the words before what ends them as it is, and that; nothing if the text lacks it."""
    end = f"{_GAP}{kept}"
    return (text.removesuffix(end), kept) if kept and text.endswith(end) else (text, "")


def _stacked(*parts: str) -> str:
    return _GAP.join(part for part in parts if part)


def _is_upset(tone: Tone) -> bool:
    return tone.label == "negative" and tone.score >= _UPSET_FROM
