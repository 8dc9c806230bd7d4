"""Open a handover: what a person who takes over needs to know."""

from collections.abc import Mapping

from shared import tenants
from shared.handovers import Attempt, Handover, HandoverReason, HandoverSummary
from shared.jobs import AnswerKind, ChatJob
from workers.dialogue.state import Dialogue
from workers.knowledge.base import Entry

_TRIED: frozenset[AnswerKind] = frozenset({"answer", "clarify"})


def open_handover(
    job: ChatJob,
    reason: HandoverReason,
    dialogue: Dialogue,
    entries: Mapping[str, Entry],
    now: float,
) -> Handover:
    """Return the handover of a conversation; `dialogue` is as this job leaves it.

    `now` is Unix seconds. What was tried are the entries that earlier messages got.
    """
    tried = dict.fromkeys(
        asked.entry for asked in dialogue.asked if asked.entry in entries and asked.kind in _TRIED
    )
    summary = HandoverSummary(
        asked=tuple(asked.text for asked in dialogue.asked),
        tried=tuple(Attempt(name, entries[name].question) for name in tried if name is not None),
        tones=dialogue.tones,
    )
    user_id = tenants.local(job.user_id) if job.user_id else None
    conversation_id = tenants.local(job.conversation_id)
    return Handover(tenants.local(job.id), conversation_id, user_id, now, reason, summary)
