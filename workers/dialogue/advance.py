"""What the next turn must know of a conversation once this one is answered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.jobs import AnswerKind, Tone
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import (
    MAX_ASKED,
    MAX_OPENERS,
    MAX_TEXT_CHARACTERS,
    MAX_TONES,
    Asked,
    Dialogue,
)
from workers.reading.legibility import FOREIGN
from workers.tone.trend import Concern, concern, valence

_UNCLEAR: frozenset[AnswerKind] = frozenset({"clarify", "fallback"})


def hear_tone(heard: Heard, tone: Tone) -> tuple[Dialogue, Concern | None]:
    """Return the dialogue with this turn's tone, and why a person is to be offered, if so."""
    before = heard.dialogue
    measured = valence(tone)
    valences = (*before.valences, None if measured is None else round(measured, 2))[-MAX_TONES:]
    reasks = (*before.reasks, heard.reask_score)[-MAX_TONES:]
    since = None if before.turns_since_offer is None else before.turns_since_offer + 1
    worry = concern(valences, reasks, since)
    return (
        Dialogue(  # field by field: `replace` costs twice as much
            encoder=before.encoder,
            asked=before.asked,
            offered=before.offered,
            chosen=before.chosen,
            unclear=before.unclear,
            tones=(*before.tones, tone.label)[-MAX_TONES:],
            valences=valences,
            reasks=reasks,
            turns_since_offer=since,
            person_offered=before.person_offered,
            person_announced=before.person_announced,
            openers=before.openers,
        ),
        worry,
    )


def advance(
    dialogue: Dialogue,
    heard: Heard,
    vector: bytes,
    decision: Decision,
    openers: Sequence[str],
    *,
    person_offered: bool,
    person_announced: bool = False,
) -> Dialogue:
    """Return the dialogue after a turn; `vector` is the message's, packed.

    Small talk leaves what was asked before as it is.
    """
    told: dict[str, Any] = {
        "person_offered": person_offered,
        "person_announced": person_announced
        or (dialogue.person_announced and not decision.handover),
        "turns_since_offer": 0 if person_offered else dialogue.turns_since_offer,
        "openers": (*dialogue.openers, *openers)[-MAX_OPENERS:],
        "encoder": dialogue.encoder,
        "tones": dialogue.tones,
        "valences": dialogue.valences,
        "reasks": dialogue.reasks,
    }
    kind = decision.answer.kind
    if kind == "smalltalk":
        return replace(dialogue, **told)
    chosen = _chosen(dialogue, heard, decision)
    # "The second one" says nothing to those who read it without what was offered.
    text = (decision.subject if chosen else heard.text)[:MAX_TEXT_CHARACTERS]
    subject = decision.subject[:MAX_TEXT_CHARACTERS]
    # To ask for what was said is not to ask, so nothing can ask it again.
    kept = b"" if heard.recalls else vector
    asked = Asked(text, kept, kind, decision.answer.id, subject)
    return Dialogue(
        asked=(*dialogue.asked, asked)[-MAX_ASKED:],
        offered=dialogue.offered if chosen else decision.offered,
        chosen=chosen,
        unclear=_unclear(dialogue, heard, kind),
        **told,
    )


def _chosen(dialogue: Dialogue, heard: Heard, decision: Decision) -> tuple[str, ...]:
    """Return what a message chose; the rest stays open to second thoughts."""
    if not heard.choice or decision.answer.kind not in ("answer", "handover"):
        return ()
    return tuple(dialogue.offered[n] for n in heard.choice if n < len(dialogue.offered))


def _unclear(dialogue: Dialogue, heard: Heard, kind: AnswerKind) -> int:
    # Understood, though there is nothing to answer; or no question at all.
    if heard.unwanted or (heard.unreadable and heard.unreadable not in FOREIGN):
        return dialogue.unclear
    return dialogue.unclear + 1 if kind in _UNCLEAR else 0
