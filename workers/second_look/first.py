"""Decide with the encoder that sees every message."""

from collections.abc import Mapping
from functools import partial

from shared.clock import Clock
from shared.jobs import ChatJob, Encoder
from workers.consumer.jobs import BatchResult
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.hearing import Listener
from workers.dialogue.state import pack_vectors
from workers.knowledge.base import Entry
from workers.second_look.band import wants_second_look
from workers.second_look.decided import Decided
from workers.second_look.first_look import first_look_of


class FirstLookDecider:
    """Decide on a batch; in a cascade, also ask for second looks.

    A message is handed over once: the second time that it is seen here, no worker could look at it.
    """

    def __init__(
        self,
        listener: Listener,
        decider: Decider,
        clock: Clock,
        encoder: Encoder,
        revision: str,
        *,
        cascade: bool,
    ) -> None:
        self._listener = listener
        self._decider = decider
        self._clock = clock
        self._encoder = encoder
        self._revision = revision
        self._cascade = cascade

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return the entries of the knowledge base by id."""
        return self._decider.entries

    def decide(self, batch: BatchResult[ChatJob]) -> list[Decided]:
        """Return what each job gets, in order."""
        heard = self._listener.hear(batch)
        vectors = pack_vectors(batch.vectors[[place.start for place in batch.places()]])
        return [
            self._decided(*each)
            for each in zip((job.job for job in batch.jobs), vectors, heard, strict=True)
        ]

    def _decided(self, job: ChatJob, vector: bytes, heard: Heard) -> Decided:
        decision = self._decider.decide(heard)
        look = None
        if self._cascade and job.first_look is None and wants_second_look(heard, decision):
            look = partial(self._first_look, vector, heard, decision)
        return Decided(heard, decision, vector, self._encoder, self._revision, look)

    def _first_look(self, vector: bytes, heard: Heard, decision: Decision) -> str:
        space, now = heard.dialogue.encoder, self._clock.now()
        return first_look_of(space, vector, heard, decision, now, self._revision)
