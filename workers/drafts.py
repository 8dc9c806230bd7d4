"""What editors have accepted in the desk, put into a base that was read from files.

A draft never makes a base faulty: it is taken, or left out and told why. What the files say wins.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from shared.drafts import Draft, DraftOutcome, DraftState
from shared.tenants import DEFAULT_TENANT
from shared.wordings import plain
from workers.knowledge.base import Entry, KnowledgeBase
from workers.knowledge.json_records import read_json
from workers.knowledge.loader import Readings
from workers.knowledge.records import Located, SyntaxFault
from workers.knowledge.schema import EntryReader

Outcomes = Mapping[str, DraftOutcome]
DraftsByTenant = Mapping[str, Sequence[Draft]]
_DESK = Path("desk")
_NO_BASE = "this tenant has no knowledge base of its own, and the shared one is not its to change"
_NO_SHARED = "there is no shared knowledge base that it could be put into"


@dataclass(frozen=True, slots=True)
class Merged:
    """Bases with their drafts, and what became of each draft, by tenant and id.

    A base with faults is left as it is, and nothing is said of its drafts.
    """

    readings: Readings
    outcomes: Mapping[str, Outcomes]


def merge_all(readings: Readings, drafts: DraftsByTenant) -> Merged:
    """Put each tenant's drafts into its own base."""
    outcomes: dict[str, Outcomes] = {}
    shared, tenants = readings.shared, dict(readings.tenants)
    for tenant, own in drafts.items():
        reading = shared if tenant == DEFAULT_TENANT else tenants.get(tenant)
        if reading is None:
            why = _NO_SHARED if tenant == DEFAULT_TENANT else _NO_BASE
            outcomes[tenant] = {each.id: _outcome(each, "refused", why) for each in own}
            continue
        if reading.faults:
            continue
        merged, outcomes[tenant] = merge(reading.base, own)
        if tenant == DEFAULT_TENANT:
            shared = replace(reading, base=merged)
        else:
            tenants[tenant] = replace(reading, base=merged)
    return Merged(Readings(shared, tenants, readings.faults), outcomes)


def merge(base: KnowledgeBase, drafts: Iterable[Draft]) -> tuple[KnowledgeBase, Outcomes]:
    """Put drafts into a base, the oldest first; return what became of each by its id."""
    merger = _Merger(base)
    outcomes = {each.id: merger.take(each) for each in sorted(drafts, key=_age)}
    return KnowledgeBase(tuple(merger.entries.values())), outcomes


class _Merger:
    """A base that grows by one draft after the other."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.entries = {entry.id: entry for entry in base.entries}
        self._owners = {
            plain(text): entry.id for entry in base.entries for text in entry.all_phrasings
        }

    def take(self, draft: Draft) -> DraftOutcome:
        """Take one in, if it can be."""
        wanted = _as_entry(draft)
        if isinstance(wanted, str):
            return _outcome(draft, "refused", wanted)
        return self._add(draft, wanted) if draft.kind == "entry" else self._extend(draft, wanted)

    def _add(self, draft: Draft, wanted: Entry) -> DraftOutcome:
        known = self.entries.get(wanted.id)
        if known is not None:
            same = plain(known.question) == plain(wanted.question) and known.answer == wanted.answer
            if same and all(self._is_of(known.id, text) for text in wanted.phrasings):
                return _outcome(draft, "in_base")
            return _outcome(draft, "refused", f"the base has another entry with the id {known.id}")
        owner = self._owners.get(plain(wanted.question))
        if owner is not None:
            return _outcome(draft, "refused", f"its question is a wording of the entry {owner}")
        own = tuple(text for text in wanted.phrasings if plain(text) not in self._owners)
        self._keep(replace(wanted, phrasings=own))
        return _outcome(draft, "live", self._left_out(wanted.id, wanted.phrasings))

    def _extend(self, draft: Draft, wanted: Entry) -> DraftOutcome:
        known = self.entries.get(draft.entry)
        if known is None:
            return _outcome(draft, "refused", f"the base has no entry with the id {draft.entry}")
        if all(self._is_of(known.id, text) for text in wanted.phrasings):
            return _outcome(draft, "in_base")
        fresh = tuple(text for text in wanted.phrasings if plain(text) not in self._owners)
        left_out = self._left_out(known.id, wanted.phrasings)
        if not fresh:
            return _outcome(draft, "refused", left_out)
        self._keep(replace(known, phrasings=(*known.phrasings, *fresh)))
        return _outcome(draft, "live", left_out)

    def _is_of(self, entry: str, text: str) -> bool:
        return self._owners.get(plain(text)) == entry

    def _left_out(self, entry: str, texts: Iterable[str]) -> str | None:
        """Say which wordings belong to another entry already, if any do."""
        others = ((text, self._owners.get(plain(text), entry)) for text in texts)
        said = [
            f"“{text[:80]}” is a wording of {owner}" for text, owner in others if owner != entry
        ]
        return "left out: " + "; ".join(said[:3]) if said else None

    def _keep(self, entry: Entry) -> None:
        self.entries[entry.id] = entry
        self._owners |= {plain(text): entry.id for text in entry.all_phrasings}


def _as_entry(draft: Draft) -> Entry | str:
    """Read a draft by the rules of files; return the first fault in words if it has one."""
    fields = {
        "id": draft.entry,
        "question": draft.question if draft.kind == "entry" else draft.phrasings[0],
        "answer": draft.answer if draft.kind == "entry" else "as before",
        "phrasings": draft.phrasings,
    }
    reader = EntryReader(_DESK)
    placed = [reader.entry(each) for each in _records(fields)]
    if reader.faults:
        return reader.faults[0].message
    return placed[0].entry if placed and placed[0] else "it cannot be read"


def _records(fields: Mapping[str, object]) -> Iterator[Located]:
    for record in read_json(msgspec.json.encode([fields]).decode()):
        if not isinstance(record, SyntaxFault):
            yield record


def _outcome(draft: Draft, state: DraftState, reason: str | None = None) -> DraftOutcome:
    return DraftOutcome(state, draft.at, reason)


def _age(draft: Draft) -> tuple[float, str]:
    return draft.at, draft.id
