"""Which faults are injected, where and when: all of it drawn from the seed."""

import random
from dataclasses import dataclass
from typing import Literal

from shared import keys

ProcessAction = Literal["kill", "freeze", "restart", "outage"]
LinkAction = Literal["cut", "hang", "refuse", "slow"]
MessageAction = Literal["malformed", "poison", "crash"]
Action = ProcessAction | LinkAction | MessageAction

REDIS = "redis"
INFERENCE = ("inference", "inference-2")
LARGE = ("inference-large",)
SENTIMENT = ("sentiment",)
GENERATION = ("generation",)
MODEL_SERVER = ("llm",)
GATEWAYS = ("gateway", "gateway-2")
TARGETED_LINKS = (*INFERENCE, *SENTIMENT, *GATEWAYS)
LINKED = (*TARGETED_LINKS, *LARGE, *GENERATION)  # the services that talk to Redis

_EDGE = 0.04  # of the campaign: no faults at its beginning and its end


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A kind of fault: its possible targets, and how many seconds it may last."""

    action: Action
    targets: tuple[str, ...]
    min_seconds: float = 0.0
    max_seconds: float = 0.0

    @property
    def title(self) -> str:
        """Return the action and the first of its targets."""
        return f"{self.action} {self.targets[0]}"


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault; `at_seconds` counts from the start of the load."""

    at_seconds: float
    action: Action
    target: str
    seconds: float = 0.0


CATALOGUE = (
    FaultSpec("kill", INFERENCE),
    FaultSpec("kill", SENTIMENT),
    FaultSpec("kill", GATEWAYS),
    FaultSpec("kill", (REDIS,)),
    FaultSpec("freeze", INFERENCE, 2.0, 8.0),
    FaultSpec("freeze", SENTIMENT, 2.0, 6.0),
    FaultSpec("freeze", GATEWAYS, 1.0, 6.0),
    FaultSpec("freeze", (REDIS,), 1.0, 4.0),
    FaultSpec("restart", INFERENCE),
    FaultSpec("restart", SENTIMENT),
    FaultSpec("restart", GATEWAYS),
    FaultSpec("outage", (REDIS,), 3.0, 10.0),  # killed, and every link to it closed
    FaultSpec("cut", TARGETED_LINKS),
    FaultSpec("hang", TARGETED_LINKS, 2.0, 8.0),
    FaultSpec("refuse", TARGETED_LINKS, 2.0, 8.0),
    FaultSpec("slow", TARGETED_LINKS, 3.0, 8.0),
    FaultSpec("malformed", (keys.INFERENCE, keys.SENTIMENT)),
    FaultSpec("poison", GATEWAYS),
    # A message that ends each worker that runs it, until it is a dead letter.
    FaultSpec("crash", INFERENCE[:1], 30.0, 30.0),
)


# For a system that gives second looks, besides all others.
SECOND_LOOK_FAULTS = (
    FaultSpec("kill", LARGE),
    FaultSpec("freeze", LARGE, 2.0, 8.0),
    FaultSpec("restart", LARGE),
    FaultSpec("hang", LARGE, 2.0, 8.0),
)

# For a system with a voice. The model server's link is the generation worker's to it.
VOICE_FAULTS = (
    FaultSpec("kill", GENERATION),
    FaultSpec("freeze", GENERATION, 2.0, 8.0),
    FaultSpec("restart", GENERATION),
    FaultSpec("cut", GENERATION),
    FaultSpec("hang", GENERATION, 2.0, 8.0),
    FaultSpec("malformed", (keys.GENERATION,)),
    FaultSpec("kill", MODEL_SERVER),
    FaultSpec("freeze", MODEL_SERVER, 2.0, 8.0),
    FaultSpec("restart", MODEL_SERVER),
    FaultSpec("refuse", MODEL_SERVER, 3.0, 10.0),
    FaultSpec("slow", MODEL_SERVER, 3.0, 8.0),
)


def draw(
    seed: int, count: int, seconds: float, specs: tuple[FaultSpec, ...] = CATALOGUE
) -> list[PlannedFault]:
    """Return `count` faults in order of time, one in each equal share of the time."""
    rng = random.Random(f"faults {seed}")  # noqa: S311 - a repeatable draw, no secret
    begin, span = seconds * _EDGE, seconds * (1 - 2 * _EDGE)
    faults: list[PlannedFault] = []
    remaining: list[FaultSpec] = []
    for index in range(count):
        remaining = remaining or rng.sample(specs, len(specs))
        spec = remaining.pop()
        at = begin + span * (index + rng.uniform(0.1, 0.9)) / count
        duration = rng.uniform(spec.min_seconds, spec.max_seconds)
        faults.append(PlannedFault(round(at, 3), spec.action, rng.choice(spec.targets), duration))
    return faults
