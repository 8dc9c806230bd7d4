"""What a batch consumer may be given beyond its role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.worker_status import KnowledgeStatus
from workers.consumer.batching import BatchLimits
from workers.consumer.linger import Linger
from workers.consumer.work import MakeWork

Gauges = Callable[[], Mapping[str, float]]


class Beside(Protocol):
    """A part of a worker that has a thread of its own."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End after what is under way."""


def no_gauges() -> Mapping[str, float]:
    """Return none."""
    return {}


class Knowledge(Protocol):
    """The knowledge bases that a role answers from, which may change while it does."""

    def status(self) -> tuple[KnowledgeStatus, ...]:
        """Return each base as it is served now."""

    def run(self) -> None:
        """Take changed bases in until the worker stops; raise nothing."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """What a consumer may be given beyond its role.

    `linger` holds the fetcher back before each lease; unset, until the engine is nearly free.
    `gauges` are reported with every heartbeat, next to the counters, and so is `knowledge`, which
    has a thread of its own. `beside` runs as long as the consumer does. `make_work` makes what
    works on prepared jobs; unset, it is the engine. `engine_name` is told of it in the engine's
    place.
    """

    limits: BatchLimits
    linger: Linger | None = None
    gauges: Gauges = no_gauges
    beside: Beside | None = None
    knowledge: Knowledge | None = None
    make_work: MakeWork[Any] | None = None
    engine_name: str = ""
