"""Which faults strike, whom and when: all of it drawn from the seed."""

import random
from dataclasses import dataclass
from typing import Literal

from shared import keys

ProcessAction = Literal["kill", "freeze", "restart", "away"]
LinkAction = Literal["cut", "hang", "refuse", "slow"]
MessageAction = Literal["malformed", "poison", "deadly"]
Action = ProcessAction | LinkAction | MessageAction

REDIS = "redis"
INFERENCE = ("inference", "inference-2")
SENTIMENT = ("sentiment",)
GATEWAYS = ("gateway", "gateway-2")
LINKED = (*INFERENCE, *SENTIMENT, *GATEWAYS)  # the parts that talk to Redis

_EDGE = 0.04  # of the campaign: left in peace at its beginning and its end


@dataclass(frozen=True, slots=True)
class Card:
    """A kind of fault: whom it may strike, and how many seconds it may last."""

    action: Action
    targets: tuple[str, ...]
    shortest: float = 0.0
    longest: float = 0.0

    @property
    def title(self) -> str:
        """Return the action and the first of its targets."""
        return f"{self.action} {self.targets[0]}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `at_seconds` counts from the start of the load."""

    at_seconds: float
    action: Action
    target: str
    seconds: float = 0.0


CARDS = (
    Card("kill", INFERENCE),
    Card("kill", SENTIMENT),
    Card("kill", GATEWAYS),
    Card("kill", (REDIS,)),
    Card("freeze", INFERENCE, 2.0, 8.0),
    Card("freeze", SENTIMENT, 2.0, 6.0),
    Card("freeze", GATEWAYS, 1.0, 6.0),
    Card("freeze", (REDIS,), 1.0, 4.0),
    Card("restart", INFERENCE),
    Card("restart", SENTIMENT),
    Card("restart", GATEWAYS),
    Card("away", (REDIS,), 3.0, 10.0),  # killed, and every way to it closed
    Card("cut", LINKED),
    Card("hang", LINKED, 2.0, 8.0),
    Card("refuse", LINKED, 2.0, 8.0),
    Card("slow", LINKED, 3.0, 8.0),
    Card("malformed", (keys.INFERENCE, keys.SENTIMENT)),
    Card("poison", GATEWAYS),
    Card("deadly", INFERENCE[:1], 30.0, 30.0),  # ends each worker that runs it, until it is buried
)


def draw(seed: int, count: int, seconds: float, cards: tuple[Card, ...] = CARDS) -> list[Fault]:
    """Return so many faults in order of time, one in each equal part of the time."""
    chance = random.Random(f"faults {seed}")  # noqa: S311 - a repeatable draw, no secret
    begin, span = seconds * _EDGE, seconds * (1 - 2 * _EDGE)
    faults: list[Fault] = []
    deck: list[Card] = []
    for place in range(count):
        deck = deck or chance.sample(cards, len(cards))
        card = deck.pop()
        at = begin + span * (place + chance.uniform(0.1, 0.9)) / count
        lasts = chance.uniform(card.shortest, card.longest)
        faults.append(Fault(round(at, 3), card.action, chance.choice(card.targets), lasts))
    return faults
