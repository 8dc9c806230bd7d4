"""What a message says besides its question: cues that decide whatever the knowledge base holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workers.dialogue.decision import Escalation
from workers.dialogue.state import Dialogue
from workers.knowledge.base import Entry
from workers.preprocessing.clean import clean
from workers.reading.bare_number import is_bare_number
from workers.reading.bereavement import tells_of_death
from workers.reading.choices import read_choice, read_second_thoughts
from workers.reading.escalation import EscalationKind, find_escalation
from workers.reading.languages import language_of
from workers.reading.legibility import FOREIGN, IllegibleReason, judge_legibility
from workers.reading.lexicon import words
from workers.reading.recall import Recall, looks_back
from workers.reading.text import fold
from workers.reading.twice import negation_of, recall_of, spelling_of

_ESCALATIONS: Mapping[EscalationKind, Escalation] = {
    "self_harm": "self_harm",
    "emergency": "emergency",
    "legal": "legal",
    "person": "wish",
}
_A_PERSON = "Talk to a person"
_SPELT_OUT = "hi"
_MAX_BARE_WORDS = 2


@dataclass(frozen=True, slots=True)
class Cues:
    """What was noticed in a message; the fields are those of Heard."""

    escalation: Escalation | None = None
    choice: tuple[int, ...] | None = None
    unwanted: bool = False
    unreadable: IllegibleReason | None = None
    language: str | None = None
    recall: Recall | None = None
    looks_back: bool = False
    bereaved: bool = False


def read_cues(message: str, dialogue: Dialogue, entries: Mapping[str, Entry]) -> Cues:
    """Read the cues of a message in its conversation; `message` is as the person wrote it."""
    plain = clean(message).text
    text = spelling_of(plain)
    negation, recall = negation_of(text), recall_of(text)
    escalation = _escalation(text, dialogue)
    unreadable = _unreadable(message, plain, text, entries)
    return Cues(
        escalation=escalation,
        choice=_choice(text, dialogue, entries),
        unwanted=negation is not None and negation.wanted is None,
        unreadable=unreadable,
        language=_language(plain, dialogue, escalation, unreadable, reworded=plain != text),
        recall=recall,
        looks_back=recall is not None or looks_back(text),
        bereaved=tells_of_death(text),
    )


def _unreadable(
    message: str, plain: str, text: str, entries: Mapping[str, Entry]
) -> IllegibleReason | None:
    # "E1047" may be an error that the knowledge base explains.
    if is_bare_number(message) and not _is_written(message, entries.values()):
        return "number"
    reason = judge_legibility(text).reason
    # "Wat" is "what" in haste, and Dutch. Hindi in Latin letters is read as it is spelt out.
    if reason is None and plain != text and language_of(plain) not in (None, _SPELT_OUT):
        return "language"
    return reason


def _language(
    plain: str,
    dialogue: Dialogue,
    escalation: Escalation | None,
    unreadable: IllegibleReason | None,
    *,
    reworded: bool,
) -> str | None:
    """Return the language to answer in where a message is not answered, None for English."""
    may_be_foreign = unreadable in FOREIGN or reworded or escalation in ("wish", "self_harm")
    own = language_of(plain) if may_be_foreign else None
    if escalation == "wish" and dialogue.asked and len(words(fold(plain))) <= _MAX_BARE_WORDS:
        # The word for a person alone is that of several languages, or the English one.
        return language_of(dialogue.asked[-1].text) or own
    return own


def _is_written(text: str, entries: Iterable[Entry]) -> bool:
    """Say whether the wording of an entry holds a number or code of the text."""
    codes = [word for word in words(fold(text)) if any(map(str.isdigit, word))]
    wordings = (fold(each) for entry in entries for each in (entry.question, *entry.phrasings))
    return any(code in words(wording) for wording in wordings for code in codes if code in wording)


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
