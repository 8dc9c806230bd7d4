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
_UPSET_FROM = 0.6  # a negative tone of this probability takes no cheerful small talk


@dataclass(frozen=True, slots=True)
class Worded:
    """A reply's text (Markdown), the openers that it used, and what it says of a person.

    `person_offered`: it offers one. `person_announced`: it says that one has been called.
    """

    text: str
    openers: tuple[str, ...] = ()
    person_offered: bool = False
    person_announced: bool = False


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
    if not concern or kind not in _MAY_OFFER_PERSON:
        return Worded(text, openers, decision.offers_person)
    text, offer = wording.offer_person(text, dialogue.openers, job_id)
    return Worded(text, (*openers, *offer), bool(offer) or decision.offers_person)


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
    if decision.called == "said" or dialogue.person_announced:
        return Worded(text, openers, person_announced=True)
    announced = phrases.choose(phrases.CALLED_TOO, job_id)
    return Worded(f"{text}\n\n{announced}", openers, person_announced=True)


def _is_upset(tone: Tone) -> bool:
    return tone.label == "negative" and tone.score >= _UPSET_FROM
