"""A batch's decisions, and whose they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.jobs import ChatJob, Encoder, Variant
from workers.consumer.jobs import BatchResult
from workers.dialogue.decision import Decision, Heard
from workers.knowledge.base import Entry


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What one message gets, and from which encoder.

    `vector` is the message's, packed, of the encoder that the dialogue keeps. `first_look`
    writes down what a second look would start from, if the decision is not sure enough. `revision`
    names the state of the knowledge base that it was decided on.
    """

    heard: Heard
    decision: Decision
    vector: bytes
    encoder: Encoder
    revision: str
    first_look: Callable[[], str] | None = None
    variant: Variant = "bert"


class BatchDecider(Protocol):
    """Decides on all jobs of a batch."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return the entries of the knowledge base by id."""

    def decide(self, batch: BatchResult[ChatJob]) -> Sequence[Decided]:
        """Return what each job gets, in order."""
