"""What the completing step asks of whoever finds the answers."""

from collections.abc import Callable
from typing import Protocol

from shared.jobs import ChatJob, Reply, Tone
from workers.consumer.jobs import BatchResult

Draft = Callable[[Tone, float], tuple[Reply, tuple[str, ...]]]


class Composer(Protocol):
    """Finds answers and puts them into words."""

    def draft(self, ran: BatchResult[ChatJob]) -> list[Draft]:
        """Return for each work of a batch a draft, finished once the tone is known.

        A draft takes the tone and the monotonic time of composing; it returns the reply and the ids
        of the wording it used.
        """
