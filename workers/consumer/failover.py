"""Tells that Redis is another server than before: Celery's own link would stay with the old one."""

from collections.abc import Callable


class Failover:
    """Pass the news of a failover on to whoever listens."""

    def __init__(self) -> None:
        self._listener: Callable[[], object] | None = None

    def listen(self, listener: Callable[[], object]) -> None:
        """Call back, from whatever thread finds out, after each failover."""
        self._listener = listener

    def announce(self) -> None:
        """Tell that calls are answered again, after a server had become a replica."""
        if self._listener:
            self._listener()
