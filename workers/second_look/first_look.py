"""What the small encoder leaves for a second look; it travels in the message's header."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shared.errors import MalformedMessage
from shared.jobs import ChatJob
from shared.task_fields import END_OF_TIME
from workers.dialogue.decision import Decision, Heard
from workers.knowledge.base import Entry
from workers.knowledge.finder import Candidate, Finding

_KEPT = 4  # candidates of a finding: more than a reply ever names


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding without its entries: their ids and confidences, best first."""

    text: str
    candidates: tuple[tuple[str, float, bool], ...]

    def finding(self, entries: Mapping[str, Entry]) -> Finding:
        """Return the finding over these entries; one that is not among them is left out."""
        return Finding(
            self.text,
            tuple(
                Candidate(entries[name], confidence, small_talk)
                for name, confidence, small_talk in self.candidates
                if name in entries
            ),
        )


@dataclass(frozen=True, slots=True)
class FirstLook:
    """The small encoder's word: what it found, and the decision that stands if nobody looks again.

    `space` names the encoder of `vector`, which is the message's, a byte a dimension: what is kept
    of a conversation is always the small encoder's. `handed_at` is Unix seconds. `revision` names
    the state of the knowledge base in which it looked.
    """

    space: str
    vector: bytes
    reask_score: float | None
    main: Seen
    questions: tuple[Seen, ...]
    contexts: tuple[Seen, ...]
    decision: Decision
    handed_at: float
    revision: str = ""

    def findings(self, entries: Mapping[str, Entry]) -> Mapping[str, Finding]:
        """Return all that was found, by the text that it was found for."""
        seen = (*self.contexts, *self.questions, self.main)
        return {each.text: each.finding(entries) for each in seen}


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(FirstLook)


def first_look_of(
    space: str,
    vector: bytes,
    heard: Heard,
    decision: Decision,
    handed_at: float,
    revision: str,
) -> str:
    """Encode the word of the encoder that this space is of, for the message's header."""
    look = FirstLook(
        space=space,
        vector=vector,
        reask_score=heard.reask_score,
        main=_seen(heard.main),
        questions=_all_seen(heard.questions),
        contexts=_all_seen((*heard.contexts, *heard.joined)),
        decision=decision,
        handed_at=handed_at,
        revision=revision,
    )
    return _encode(look).decode()


def read_first_look(header: str) -> FirstLook:
    """Decode a message's header; raise MalformedMessage."""
    try:
        look = _decoder.decode(header)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedMessage(f"not a first look: {fault}") from fault
    if not _is_plausible(look):
        raise MalformedMessage("not a first look: a number in it cannot be")
    return look


def is_of_another_version(job: ChatJob) -> bool:
    """Tell whether a first look cannot be read here, as while workers are being upgraded.

    The small encoder answers such a message itself: its header says that it was handed over once.
    """
    try:
        read_first_look(job.first_look or "")
    except MalformedMessage:
        return True
    return False


def _is_plausible(look: FirstLook) -> bool:
    # Anybody can write the header: what is counted and kept must have bounds.
    seen = (look.main, *look.questions, *look.contexts)
    confidences = [each[1] for one in seen for each in one.candidates]
    shares = [*confidences, look.decision.answer.confidence, look.reask_score or 0.0]
    bounded = all(0 <= share <= 1 for share in shares) and 0 <= look.handed_at < END_OF_TIME
    return bounded and any(look.vector)


def _all_seen(findings: Sequence[Finding]) -> tuple[Seen, ...]:
    return tuple(_seen(finding) for finding in findings)


def _seen(finding: Finding) -> Seen:
    kept = finding.candidates[:_KEPT]
    return Seen(
        finding.text, tuple((each.entry.id, each.confidence, each.small_talk) for each in kept)
    )
