"""What a message says besides its question: cues that decide whatever the knowledge base holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.dialogue.decision import Escalation
from workers.dialogue.state import Dialogue
from workers.knowledge.base import Entry
from workers.preprocessing.clean import clean
from workers.reading.choices import read_choice, read_second_thoughts
from workers.reading.escalation import EscalationKind, find_escalation
from workers.reading.legibility import IllegibleReason, judge_legibility
from workers.reading.recall import Recall, looks_back
from workers.reading.spelling import spell_out
from workers.reading.twice import negation_of, recall_of

_ESCALATIONS: Mapping[EscalationKind, Escalation] = {
    "self_harm": "self_harm",
    "emergency": "emergency",
    "legal": "legal",
    "person": "wish",
}
_A_PERSON = "Talk to a person"


@dataclass(frozen=True, slots=True)
class Cues:
    """What was noticed in a message; the fields are those of Heard."""

    escalation: Escalation | None = None
    choice: tuple[int, ...] | None = None
    unwanted: bool = False
    unreadable: IllegibleReason | None = None
    recall: Recall | None = None
    looks_back: bool = False


def read_cues(message: str, dialogue: Dialogue, entries: Mapping[str, Entry]) -> Cues:
    """Read the cues of a message in its conversation; `message` is as the person wrote it."""
    text = spell_out(clean(message).text)
    negation, recall = negation_of(text), recall_of(text)
    return Cues(
        escalation=_escalation(text, dialogue),
        choice=_choice(text, dialogue, entries),
        unwanted=negation is not None and negation.wanted is None,
        unreadable=judge_legibility(text).reason,
        recall=recall,
        looks_back=recall is not None or looks_back(text),
    )


def _escalation(text: str, dialogue: Dialogue) -> Escalation | None:
    found = find_escalation(text)
    if found:
        return _ESCALATIONS[found.kind]
    return "wish" if _accepts_person(text, dialogue) else None


def _accepts_person(text: str, dialogue: Dialogue) -> bool:
    """Say whether a message takes up the offer of a person that the last reply made."""
    offered = dialogue.person_offered and (not dialogue.offered or bool(dialogue.chosen))
    choice = read_choice(text, [_A_PERSON]) if offered else None
    return choice is not None and choice.indices == (0,)


def _choice(text: str, dialogue: Dialogue, entries: Mapping[str, Entry]) -> tuple[int, ...] | None:
    offered = [entries[name].question for name in dialogue.offered if name in entries]
    if not offered or len(offered) < len(dialogue.offered):
        return None
    if dialogue.chosen:
        before = [n for n, name in enumerate(dialogue.offered) if name in dialogue.chosen]
        choice = read_second_thoughts(text, offered, before)
    else:
        choice = read_choice(text, offered)
    return choice.indices if choice else None
