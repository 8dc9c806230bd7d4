"""What the other workers know of revoked tasks, asked for while this one loads its model.

Celery's clients tell the workers that live which tasks are revoked, and nobody keeps it for those
that start later. Celery's own step, mingle, waits a second for their replies before the next step.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from celery.worker import state
from kombu.exceptions import OperationalError

from shared.connection import REDIS_ERRORS

_ASK_SECONDS = 1.0  # that replies are taken for: how many will come is not known
_LEARN_SECONDS = 0.5  # of them, that a start waits at most
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
        self._asked_at: float | None = None
        self._heard = threading.Event()
        self._replies: list[Mapping[str, Any]] = []

    def ask(self) -> None:
        """Begin to ask; replies that come later than `learn` are taken by the event loop."""
        self._heard.clear()
        self._asked_at = time.monotonic()
        threading.Thread(target=self._ask, name="neighbours", daemon=True).start()

    def learn(self) -> None:
        """Take over what was replied; wait for the first reply, half a second after the question.

        Each worker that lives knows all that was revoked, so one reply is enough. Only the thread
        of the event loop may call.
        """
        if self._asked_at is not None:
            self._heard.wait(max(0.0, self._asked_at + _LEARN_SECONDS - time.monotonic()))
        self._take()

    def _ask(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                self._app.control.inspect(
                    timeout=_ASK_SECONDS, callback=self._hear, connection=connection
                ).hello(self._hostname, list(state.revoked))
        except (*REDIS_ERRORS, OperationalError) as fault:
            _log.info("other workers cannot be asked what was revoked: %s", fault)
        self._heard.set()

    def _hear(self, reply: Mapping[str, Any]) -> None:
        others = [known for name, known in reply.items() if name != self._hostname and known]
        if others:
            self._replies += others
            self._heard.set()
            self._call_soon(self._take)

    def _take(self) -> None:
        while self._replies:
            reply = self._replies.pop()
            self._app.clock.adjust(reply.get("clock") or 0)
            state.merge_revoked(reply.get("revoked"))
