"""The port to what holds sentences against sources."""

from typing import Protocol

from workers.voice.brief import RefusalReason


class SentenceCheck(Protocol):
    """Holds sentences against the sources of one brief."""

    def judge(self, sentence: str) -> RefusalReason | None:
        """Return why a sentence may not be shown, or None."""
