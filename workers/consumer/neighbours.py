"""What the other workers know of revoked tasks, asked for while this one loads its model.

Celery's clients tell the workers that live which tasks are revoked, and nobody keeps it for those
that start later. Celery's own step, mingle, waits a second for their replies before the next step.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from celery.worker import state
from kombu.exceptions import OperationalError

from shared.connection import REDIS_ERRORS

_WAIT_SECONDS = 1.0  # for replies: how many will come is not known
_LEARN_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Neighbours:
    """Ask other workers as Celery's mingle does, from a thread of its own.

    `call_soon` runs a call on the thread of Celery's event loop.
    """

    def __init__(
        self, app: Celery, hostname: str, call_soon: Callable[[Callable[[], object]], object]
    ) -> None:
        self._app = app
        self._hostname = hostname
        self._call_soon = call_soon
        self._asking: threading.Thread | None = None
        self._replies: list[Mapping[str, Any]] = []

    def ask(self) -> None:
        """Begin to ask; who does not `learn` is given the replies by the event loop."""
        self._asking = threading.Thread(target=self._ask, name="neighbours", daemon=True)
        self._asking.start()

    def learn(self) -> None:
        """Take the replies over; wait for them if they were asked for. Event loop's thread only."""
        if self._asking is not None:
            self._asking.join(_LEARN_SECONDS)
        self._take()

    def _ask(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                ask = self._app.control.inspect(timeout=_WAIT_SECONDS, connection=connection)
                replies = ask.hello(self._hostname, list(state.revoked)) or {}
        except (*REDIS_ERRORS, OperationalError) as fault:
            _log.info("other workers cannot be asked what was revoked: %s", fault)
            return
        others = [reply for name, reply in replies.items() if name != self._hostname and reply]
        self._replies += others
        self._call_soon(self._take)

    def _take(self) -> None:
        while self._replies:
            reply = self._replies.pop()
            self._app.clock.adjust(reply.get("clock") or 0)
            state.merge_revoked(reply.get("revoked"))
