"""What a message gets while a person is called and none has come: no second call, and no asking."""

from dataclasses import replace

from shared.handovers import HandoverReason
from workers.dialogue import phrases
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.foreign import foreign_text
from workers.reading.legibility import FOR_A_PERSON

# Whoever comes must know of it at once, so the handover that is open takes the new reason.
GRAVE: frozenset[HandoverReason] = frozenset({"self_harm", "emergency", "legal"})


def while_called(heard: Heard, decision: Decision) -> Decision:
    """Return what becomes of a decision where a handover is open and not claimed yet.

    What can be answered is. What would have called a person says that one has been told.
    """
    if decision.handover in GRAVE:
        return decision
    if decision.handover == "unanswered" or _gives_up(heard, decision):
        return _left_to_person(heard, decision)
    if decision.handover == "wish" or _is_handed_over_again(heard, decision):
        foreign = _in_their_words(heard)
        text = foreign or phrases.choose(phrases.CALLED, heard.text)
        return Decision(decision.answer, text, called="said", solemn=foreign is not None)
    return replace(decision, handover=None, offers_person=False, called="unsaid")


def _gives_up(heard: Heard, decision: Decision) -> bool:
    # What nobody can read, and a recall in vain, have words of their own.
    illegible = heard.unreadable and heard.unreadable not in FOR_A_PERSON
    return decision.answer.kind == "fallback" and not (illegible or heard.recalls)


def _is_handed_over_again(heard: Heard, decision: Decision) -> bool:
    """Say whether an entry that calls a person did so before, in the same words."""
    handed = {each.entry for each in heard.dialogue.asked if each.kind == "handover"}
    return decision.handover is not None and decision.answer.id in handed


def _left_to_person(heard: Heard, decision: Decision) -> Decision:
    answer = replace(decision.answer, kind="fallback")
    foreign = _in_their_words(heard)
    text = foreign or phrases.choose(phrases.LEFT_TO_PERSON, heard.text)
    return Decision(answer, text, called="said", solemn=foreign is not None)


def _in_their_words(heard: Heard) -> str | None:
    return foreign_text("called", heard.language, heard.written)
