"""What the clients say: conversations of several turns, drawn from the seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.chaos.faults import Fault

# Whole words of BERT's vocabulary that no message of ours holds: one that the engine fails on, and
# one that ends its process.
POISON, DEADLY = "王", "火"
_SPOILT = {"poison": (POISON, 3), "deadly": (DEADLY, 1)}  # word, and messages for each such fault
_MAX_TURNS = 6
_GUST_SECONDS = 5.0  # a calm load leaves workers' hands empty: messages come in gusts,
_BLOWING = 0.3  # each over so much of its time

Manner = Literal["waiting", "bursting"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; its text is like no other one's, so that its turn can be told apart.

    `poison` is the word in it that an engine does not survive, if there is any.
    """

    number: int
    text: str
    poison: str = ""


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
    poison = _poison(messages, seconds, faults)
    script: list[Conversation] = []
    number = 0
    while number < messages:
        turns = min(chance.randint(1, _MAX_TURNS), messages - number)
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


def _poison(messages: int, seconds: float, faults: Sequence[Fault]) -> dict[int, str]:
    """Return the words that spoil the messages which are due when such a fault is to strike."""
    spoilt: dict[int, str] = {}
    for fault in faults:
        if fault.action in _SPOILT:
            word, count = _SPOILT[fault.action]
            first = int(messages * fault.at_seconds / seconds)
            spoilt |= dict.fromkeys(range(first, first + count), word)
    return spoilt


def _message(number: int, text: str, poison: Mapping[int, str]) -> Message:
    word = poison.get(number, "")
    marked = f"{text} (ref {number}{' ' + word if word else ''})"
    return Message(number, marked, word)
