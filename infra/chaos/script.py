"""What the clients send: conversations of several turns, drawn from the seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.chaos.faults import PlannedFault

# Whole words of BERT's vocabulary that occur in no message of ours: one that the engine fails on,
# and one that ends its process.
POISON_WORD, CRASH_WORD = "王", "火"
_FAULT_WORDS = {
    "poison": (POISON_WORD, 3),
    "crash": (CRASH_WORD, 1),
}  # word, and messages for each such fault
_MAX_TURNS = 6
# An even load leaves workers idle: messages come in bursts, each over a share of its period.
_BURST_SECONDS = 5.0
_DUTY_CYCLE = 0.3

Pacing = Literal["waiting", "bursting", "following"]
_BURSTING = 0.3  # of the conversations
FOLLOWING = 0.1  # of those that have replies in a model's words


@dataclass(frozen=True, slots=True)
class Message:
    """One message; its text is unique, so that its turn can be recognised.

    `poison` is the word in it that an engine does not survive, if there is any.
    """

    number: int
    text: str
    poison: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages of one person, sent one after the other from `due_seconds` on.

    `waiting` sends the next one after the reply, `bursting` as soon as the one before is accepted;
    `following` waits as well, and reads each reply as a stream of events.
    """

    id: str
    due_seconds: float
    pacing: Pacing
    messages: tuple[Message, ...]


def write_script(
    seed: int,
    messages: int,
    seconds: float,
    texts: Sequence[str],
    faults: Sequence[PlannedFault],
    following: float = 0.0,
) -> list[Conversation]:
    """Return the conversations in order of when they are due; `following` is a share of them."""
    rng = random.Random(f"script {seed}")  # noqa: S311 - a repeatable draw, no secret
    poison = _poison(messages, seconds, faults)
    script: list[Conversation] = []
    number = 0
    while number < messages:
        turns = min(rng.randint(1, _MAX_TURNS), messages - number)
        due = in_bursts(seconds * number / messages)
        pacing = _pacing(rng.random(), following)
        chosen = tuple(
            _message(n, rng.choice(texts), poison) for n in range(number, number + turns)
        )
        script.append(Conversation(f"chaos-{seed}-{number}", due, pacing, chosen))
        number += turns
    return script


def _pacing(drawn: float, following: float) -> Pacing:
    if drawn < _BURSTING:
        return "bursting"
    return "following" if drawn < _BURSTING + following else "waiting"


def in_bursts(at_seconds: float) -> float:
    """Map a time of an even load to its time in bursts."""
    burst, within = divmod(at_seconds, _BURST_SECONDS)
    return burst * _BURST_SECONDS + within * _DUTY_CYCLE


def prompt_messages(script: Sequence[Conversation]) -> list[int]:
    """Return the numbers of the messages that are sent once those before have their replies."""
    return [
        message.number
        for conversation in script
        if conversation.pacing != "bursting"
        for message in conversation.messages
    ]


def _poison(messages: int, seconds: float, faults: Sequence[PlannedFault]) -> dict[int, str]:
    """Return the fault words by the number of the message that carries them."""
    marked_words: dict[int, str] = {}
    for fault in faults:
        if fault.action in _FAULT_WORDS:
            word, count = _FAULT_WORDS[fault.action]
            first = int(messages * fault.at_seconds / seconds)
            marked_words |= dict.fromkeys(range(first, first + count), word)
    return marked_words


def _message(number: int, text: str, poison: Mapping[int, str]) -> Message:
    word = poison.get(number, "")
    marked = f"{text} (ref {number}{' ' + word if word else ''})"
    return Message(number, marked, word)
