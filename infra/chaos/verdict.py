"""Judge a campaign: compare what clients received with what an outsider found."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.chaos.client import INTERNAL, UNKNOWN_JOB
from infra.chaos.inspection import FoundTurn, Inspection
from infra.chaos.ledger import MessageHistory
from infra.chaos.script import Conversation, Message

_EXAMPLES = 12
_NEVER = {"forgotten job": UNKNOWN_JOB, "internal error": INTERNAL}  # however soon corrected


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise; `number` is the message's, None if there is none."""

    kind: str
    detail: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignVerdict:
    """What became of all messages.

    `unknown` got no acceptance: they may or may not have been accepted. `broken` counts the
    violations of each kind, `examples` shows the first of them.
    """

    messages: int
    sent: int
    accepted: int
    answered: int
    errors_reported: int
    unknown: int
    lost: int
    doubled: int
    out_of_order: int
    dead_letters: int
    broken: Mapping[str, int]
    examples: tuple[Violation, ...]
    errors: Mapping[str, int]
    trouble: Mapping[str, int]
    retries: int

    @property
    def good(self) -> bool:
        """Tell whether every promise was kept."""
        return not self.broken


def judge(
    script: Sequence[Conversation],
    sent: Mapping[int, MessageHistory],
    found: Inspection,
    pushed: Mapping[str, int],
    further: Sequence[Violation] = (),
) -> CampaignVerdict:
    """Return the verdict on one campaign.

    `pushed` are the marks of malformed messages, `further` the violations found elsewhere.
    """
    violations = [
        violation
        for conversation in script
        for violation in _conversation_violations(conversation, sent, found)
    ]
    violations += further
    messages = [message for conversation in script for message in conversation.messages]
    violations += _dead_letter_violations(messages, sent, found, pushed)
    violations += [Violation("left over", key) for key in found.left_over]
    violations += [Violation("unbounded", key) for key in found.unbounded]
    return _summarise(messages, sent, found, violations)


def _conversation_violations(
    conversation: Conversation, sent: Mapping[int, MessageHistory], found: Inspection
) -> Iterator[Violation]:
    turns = found.conversations.get(conversation.id, [])
    asked = defaultdict[str, list[int]](list)
    for index, turn in enumerate(turns):
        if turn.role == "user":
            asked[turn.text].append(index)
    for message in conversation.messages:
        history = sent.get(message.number)
        if history:
            yield from _message_violations(
                message, history, asked.pop(message.text, []), turns, found
            )
    for text in asked:
        yield Violation("foreign turn", f"{conversation.id}: {text}")
    yield from _order_violations(conversation, turns)


def _message_violations(
    message: Message,
    history: MessageHistory,
    indices: Sequence[int],
    turns: Sequence[FoundTurn],
    found: Inspection,
) -> Iterator[Violation]:
    faults = [*_duplicates(history, indices), *_ending_violations(history, indices, found, message)]
    faults += [(kind, trouble) for kind, trouble in _NEVER.items() if trouble in history.troubles]
    if history.digest and indices and _reply_digest(turns, indices[0]) != history.digest:
        faults.append(("changed reply", "the reply received is not the reply stored"))
    for kind, detail in faults:
        yield Violation(kind, detail, message.number)


def _duplicates(history: MessageHistory, indices: Sequence[int]) -> Iterator[tuple[str, str]]:
    if len(indices) > 1:
        yield "doubled turn", f"its turn is there {len(indices)} times"
    if len(history.job_ids) > 1:
        yield "doubled job", f"one key, jobs {sorted(history.job_ids)}"
    if len(history.digests) > 1:
        yield "changed reply", "two different replies were received"


def _ending_violations(
    history: MessageHistory, indices: Sequence[int], found: Inspection, message: Message
) -> Iterator[tuple[str, str]]:
    state = _final_state(history, found)
    if state == "refused":
        yield "refused", str(history.detail)
    elif state == "lost":
        yield "lost", f"accepted as {sorted(history.job_ids)}, and never ended"
    elif state == "answered" and not indices:
        yield "missing turn", "answered, and its turn is not there"
    elif state == "failed" and indices:
        yield "contradiction", f"reported {history.detail}, and its turn is there"
    if state == "answered" and message.poison:
        yield "poison answered", "the engine cannot have answered it"


def _final_state(history: MessageHistory, found: Inspection) -> str:
    """Return answered, failed, refused, lost, or unknown (no client saw it accepted)."""
    if history.ending:
        return history.ending
    if not history.accepted_at:
        return "unknown"
    states = {found.jobs[job_id].state for job_id in history.job_ids if job_id in found.jobs}
    if "done" in states:
        return "answered"
    return "failed" if states & {"failed", "expired", "cancelled"} else "lost"


def _reply_digest(turns: Sequence[FoundTurn], index: int) -> str | None:
    reply = turns[index + 1] if index + 1 < len(turns) else None
    return reply.digest if reply and reply.job_id == turns[index].job_id else None


def _order_violations(
    conversation: Conversation, turns: Sequence[FoundTurn]
) -> Iterator[Violation]:
    """Compare the stored order with that of acceptance, which is the script's."""
    order = {message.text: message.number for message in conversation.messages}
    last = -1
    for turn in turns:
        number = order.get(turn.text) if turn.role == "user" else None
        if number is not None and number < last:
            yield Violation("out of order", f"{conversation.id}: {number} after {last}", number)
        last = max(last, number if number is not None else -1)
    for asked, answered in zip(turns[::2], turns[1::2], strict=False):
        if (asked.role, answered.role) != ("user", "assistant") or asked.job_id != answered.job_id:
            yield Violation("out of order", f"{conversation.id}: turns are not in pairs")
            return
    if len(turns) % 2:
        yield Violation("out of order", f"{conversation.id}: a turn has no other half")


def _dead_letter_violations(
    messages: Sequence[Message],
    sent: Mapping[int, MessageHistory],
    found: Inspection,
    pushed: Mapping[str, int],
) -> Iterator[Violation]:
    """Check that the dead letters are exactly the poison and the malformed messages."""
    poison = {message.text: message for message in messages if message.poison}
    counted: Counter[str] = Counter()
    for letter in found.letters:
        mark = next((name for name in pushed if name in letter.text), None)
        if mark:
            counted[mark] += 1
        elif letter.text in poison:
            counted[f"{letter.queue} {letter.text}"] += 1
        else:
            yield Violation("foreign letter", f"{letter.queue} {letter.name}: {letter.reason}")
    for name, tries in pushed.items():
        if not 1 <= counted[name] <= tries:
            yield Violation(
                "dead letters", f"{name}: {counted[name]} letters, pushed {tries} times"
            )
    for text, message in poison.items():
        history = sent.get(message.number)
        letters = counted[f"inference {text}"]
        if letters > 1 or (
            history and (history.detail or "").endswith("job-failed") and not letters
        ):
            yield Violation("dead letters", f"{letters} for one poison", message.number)


def _summarise(
    messages: Sequence[Message],
    sent: Mapping[int, MessageHistory],
    found: Inspection,
    violations: Sequence[Violation],
) -> CampaignVerdict:
    kinds = Counter(violation.kind for violation in violations)
    states = Counter(_final_state(history, found) for history in sent.values())
    errors = Counter(
        history.detail or "?" for history in sent.values() if history.ending == "failed"
    )
    return CampaignVerdict(
        messages=len(messages),
        sent=len(sent),
        accepted=states["answered"] + states["failed"] + states["lost"],
        answered=states["answered"],
        errors_reported=states["failed"],
        unknown=states["unknown"],
        lost=kinds["lost"] + kinds["missing turn"],
        doubled=kinds["doubled turn"] + kinds["doubled job"],
        out_of_order=kinds["out of order"],
        dead_letters=len(found.letters),
        broken=dict(kinds),
        examples=tuple(violations[:_EXAMPLES]),
        errors=dict(errors),
        trouble=dict(Counter(each for history in sent.values() for each in history.troubles)),
        retries=sum(history.attempts - 1 for history in sent.values()),
    )
