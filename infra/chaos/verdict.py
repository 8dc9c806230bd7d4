"""Judge a campaign: hold what clients were told against what an outsider found."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.chaos.client import INTERNAL, UNKNOWN_JOB
from infra.chaos.inspection import FoundTurn, Inspection
from infra.chaos.ledger import Story
from infra.chaos.script import Conversation, Message

_EXAMPLES = 12
_NEVER = {"forgotten job": UNKNOWN_JOB, "internal error": INTERNAL}  # however soon mended


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise; `number` is the message's, None where there is none."""

    kind: str
    detail: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all messages.

    `unknown` were never told to be accepted: they may or may not have been. `broken` counts the
    violations of each kind, `examples` shows the first of them.
    """

    messages: int
    sent: int
    accepted: int
    answered: int
    errors_told: int
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
    told: Mapping[int, Story],
    found: Inspection,
    pushed: Mapping[str, int],
) -> Verdict:
    """Return the verdict on one campaign; `pushed` are the marks of malformed messages."""
    violations = [
        violation
        for conversation in script
        for violation in _conversation_faults(conversation, told, found)
    ]
    messages = [message for conversation in script for message in conversation.messages]
    violations += _letter_faults(messages, told, found, pushed)
    violations += [Violation("left over", key) for key in found.left_over]
    violations += [Violation("unbounded", key) for key in found.unbounded]
    return _summarise(messages, told, found, violations)


def _conversation_faults(
    conversation: Conversation, told: Mapping[int, Story], found: Inspection
) -> Iterator[Violation]:
    turns = found.conversations.get(conversation.id, [])
    asked = defaultdict[str, list[int]](list)
    for place, turn in enumerate(turns):
        if turn.role == "user":
            asked[turn.text].append(place)
    for message in conversation.messages:
        story = told.get(message.number)
        if story:
            yield from _message_faults(message, story, asked.pop(message.text, []), turns, found)
    for text in asked:
        yield Violation("foreign turn", f"{conversation.id}: {text}")
    yield from _order_faults(conversation, turns)


def _message_faults(
    message: Message,
    story: Story,
    places: Sequence[int],
    turns: Sequence[FoundTurn],
    found: Inspection,
) -> Iterator[Violation]:
    faults = [*_doublings(story, places), *_ending_faults(story, places, found, message)]
    faults += [(kind, trouble) for kind, trouble in _NEVER.items() if trouble in story.troubles]
    if story.digest and places and _reply_digest(turns, places[0]) != story.digest:
        faults.append(("changed reply", "what was told is not what is kept"))
    for kind, detail in faults:
        yield Violation(kind, detail, message.number)


def _doublings(story: Story, places: Sequence[int]) -> Iterator[tuple[str, str]]:
    if len(places) > 1:
        yield "doubled turn", f"its turn is there {len(places)} times"
    if len(story.job_ids) > 1:
        yield "doubled job", f"one key, jobs {sorted(story.job_ids)}"
    if len(story.digests) > 1:
        yield "changed reply", "two different replies were told"


def _ending_faults(
    story: Story, places: Sequence[int], found: Inspection, message: Message
) -> Iterator[tuple[str, str]]:
    state = _final_state(story, found)
    if state == "refused":
        yield "refused", str(story.detail)
    elif state == "lost":
        yield "lost", f"accepted as {sorted(story.job_ids)}, and never ended"
    elif state == "answered" and not places:
        yield "missing turn", "answered, and its turn is not there"
    elif state == "failed" and places:
        yield "contradiction", f"told {story.detail}, and its turn is there"
    if state == "answered" and message.poison:
        yield "poison answered", "the engine cannot have answered it"


def _final_state(story: Story, found: Inspection) -> str:
    """Return answered, failed, refused, lost, or unknown: nobody was told that it is accepted."""
    if story.ending:
        return story.ending
    if not story.accepted_at:
        return "unknown"
    states = {found.jobs[job_id].state for job_id in story.job_ids if job_id in found.jobs}
    if "done" in states:
        return "answered"
    return "failed" if states & {"failed", "expired", "cancelled"} else "lost"


def _reply_digest(turns: Sequence[FoundTurn], place: int) -> str | None:
    reply = turns[place + 1] if place + 1 < len(turns) else None
    return reply.digest if reply and reply.job_id == turns[place].job_id else None


def _order_faults(conversation: Conversation, turns: Sequence[FoundTurn]) -> Iterator[Violation]:
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


def _letter_faults(
    messages: Sequence[Message],
    told: Mapping[int, Story],
    found: Inspection,
    pushed: Mapping[str, int],
) -> Iterator[Violation]:
    """See that the dead letters are exactly the poison and the malformed."""
    poison = {message.text: message for message in messages if message.poison}
    buried: Counter[str] = Counter()
    for letter in found.letters:
        mark = next((name for name in pushed if name in letter.text), None)
        if mark:
            buried[mark] += 1
        elif letter.text in poison:
            buried[f"{letter.queue} {letter.text}"] += 1
        else:
            yield Violation("foreign letter", f"{letter.queue} {letter.name}: {letter.reason}")
    for name, tries in pushed.items():
        if not 1 <= buried[name] <= tries:
            yield Violation("dead letters", f"{name}: {buried[name]} letters, pushed {tries} times")
    for text, message in poison.items():
        story = told.get(message.number)
        letters = buried[f"inference {text}"]
        if letters > 1 or (story and (story.detail or "").endswith("job-failed") and not letters):
            yield Violation("dead letters", f"{letters} for one poison", message.number)


def _summarise(
    messages: Sequence[Message],
    told: Mapping[int, Story],
    found: Inspection,
    violations: Sequence[Violation],
) -> Verdict:
    kinds = Counter(violation.kind for violation in violations)
    states = Counter(_final_state(story, found) for story in told.values())
    errors = Counter(story.detail or "?" for story in told.values() if story.ending == "failed")
    return Verdict(
        messages=len(messages),
        sent=len(told),
        accepted=states["answered"] + states["failed"] + states["lost"],
        answered=states["answered"],
        errors_told=states["failed"],
        unknown=states["unknown"],
        lost=kinds["lost"] + kinds["missing turn"],
        doubled=kinds["doubled turn"] + kinds["doubled job"],
        out_of_order=kinds["out of order"],
        dead_letters=len(found.letters),
        broken=dict(kinds),
        examples=tuple(violations[:_EXAMPLES]),
        errors=dict(errors),
        trouble=dict(Counter(each for story in told.values() for each in story.troubles)),
        retries=sum(story.attempts - 1 for story in told.values()),
    )
