"""What the clients say: conversations of several turns, drawn from the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.chaos.faults import Fault

POISON = "王"  # one whole word of BERT's vocabulary that no message of ours holds
_POISON_MESSAGES = 3  # for each fault of that name
_MOST_TURNS = 6
_GUST_SECONDS = 5.0  # a calm load leaves workers' hands empty: messages come in gusts,
_BLOWING = 0.3  # each over so much of its time

Manner = Literal["waiting", "bursting"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; its text is like no other one's, so that its turn can be told apart."""

    number: int
    text: str
    poison: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages of one person, said one after the other from `due_seconds` on.

    Who waits sends the next one after the reply; who bursts, as soon as the one before is accepted.
    """

    id: str
    due_seconds: float
    manner: Manner
    messages: tuple[Message, ...]


def write_script(
    seed: int, messages: int, seconds: float, texts: Sequence[str], faults: Sequence[Fault]
) -> list[Conversation]:
    """Return the conversations in order of when they are due."""
    chance = random.Random(f"script {seed}")  # noqa: S311 - a repeatable draw, no secret
    poison = _poison_numbers(messages, seconds, faults)
    script: list[Conversation] = []
    number = 0
    while number < messages:
        turns = min(chance.randint(1, _MOST_TURNS), messages - number)
        due = gusty(seconds * number / messages)
        manner: Manner = "bursting" if chance.random() < 0.3 else "waiting"
        said = tuple(
            _message(n, chance.choice(texts), poison) for n in range(number, number + turns)
        )
        script.append(Conversation(f"chaos-{seed}-{number}", due, manner, said))
        number += turns
    return script


def gusty(at_seconds: float) -> float:
    """Move a time of an even load to where it lies in gusts."""
    gust, within = divmod(at_seconds, _GUST_SECONDS)
    return gust * _GUST_SECONDS + within * _BLOWING


def _poison_numbers(messages: int, seconds: float, faults: Sequence[Fault]) -> set[int]:
    """Return the numbers of the messages that are due when poison is to strike."""
    first = [int(messages * f.at_seconds / seconds) for f in faults if f.action == "poison"]
    return {number + more for number in first for more in range(_POISON_MESSAGES)}


def _message(number: int, text: str, poison: set[int]) -> Message:
    poisoned = number in poison
    marked = f"{text} (ref {number}{' ' + POISON if poisoned else ''})"
    return Message(number, marked, poisoned)
