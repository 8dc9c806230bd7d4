"""Cues that need a person at once, whatever the topic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from workers.reading import danger_forms as danger
from workers.reading import escalation_forms as forms
from workers.reading.foreign_danger import speaks_of_suicide
from workers.reading.foreign_person import asks_for_person
from workers.reading.lexicon import words
from workers.reading.text import MAX_CHARACTERS, Span, fold

EscalationKind: TypeAlias = Literal["self_harm", "emergency", "legal", "person"]

_MAX_WORDS_ALONE = 7
_REACH_BACK = 40  # characters before a cue that may take it back


@dataclass(frozen=True, slots=True)
class _Form:
    """A kind, words of which its pattern needs one, and what before it takes it back."""

    kind: EscalationKind
    triggers: frozenset[str]
    pattern: re.Pattern[str]
    taken_back: re.Pattern[str] | None = None


_GRAVEST_FIRST = (
    _Form("self_harm", danger.SELF_HARM_TRIGGERS, danger.SELF_HARM, danger.OF_THINGS),
    _Form("emergency", danger.EMERGENCY_TRIGGERS, danger.EMERGENCY, danger.UNHARMED),
    _Form("legal", forms.LEGAL_TRIGGERS, forms.LEGAL),
    _Form("person", forms.PERSON_TRIGGERS, forms.PERSON, forms.TAKEN_BACK),
    _Form("person", forms.PUT_THROUGH_TRIGGERS, forms.PUT_THROUGH, forms.TAKEN_BACK),
)
_TRIGGERS = frozenset[str]().union(*(form.triggers for form in _GRAVEST_FIRST))


@dataclass(frozen=True, slots=True)
class Escalation:
    """Why a person is needed, and the words that say so."""

    kind: EscalationKind
    span: Span


def find_escalation(text: str) -> Escalation | None:
    """Return the gravest cue of a message that needs a person, if there is one."""
    folded = fold(text[:MAX_CHARACTERS])
    spoken = words(folded)
    if speaks_of_suicide(folded, spoken):
        return Escalation("self_harm", Span(0, len(folded)))
    triggers = _TRIGGERS.intersection(spoken)
    for form in _GRAVEST_FIRST if triggers else ():
        if not form.triggers.isdisjoint(triggers) and (span := _first(form, folded)):
            return Escalation(form.kind, span)
    if _is_person_alone(spoken) or asks_for_person(folded, spoken):
        return Escalation("person", Span(0, len(folded)))
    return None


def _first(form: _Form, folded: str) -> Span | None:
    for found in form.pattern.finditer(folded):
        before = folded[max(0, found.start() - _REACH_BACK) : found.start()]
        if form.taken_back is None or form.taken_back.search(before) is None:
            return Span(found.start(), found.end())
    return None


def _is_person_alone(spoken: Sequence[str]) -> bool:
    return (
        0 < len(spoken) <= _MAX_WORDS_ALONE
        and not forms.PERSON_ALONE.isdisjoint(spoken)
        and forms.AROUND_PERSON.union(forms.PERSON_ALONE).issuperset(spoken)
    )
