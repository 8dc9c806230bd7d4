"""Sends what follows the ends of tasks, from a thread of its own in every inference worker."""

import logging
import threading
from collections.abc import Callable

import msgspec

from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.follow_ups import EndedTask, decode_ended
from shared.outage_log import OutageLog
from shared.results import JobRecord, read_celery_result
from workers.follow_ups.dispatch import FollowUpDispatcher
from workers.follow_ups.outbox import FollowUpOutbox

TRY_SECONDS = 30.0
_POLL_SECONDS = 1.0
_log = logging.getLogger(__name__)


class FollowUpSender:
    """Send each at least once; one that cannot be sent becomes a dead letter.

    `on_give_up` is called after each that did.
    """

    def __init__(
        self,
        outbox: FollowUpOutbox,
        dispatcher: FollowUpDispatcher,
        clock: Clock,
        on_give_up: Callable[[], object] = bool,
    ) -> None:
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._clock = clock
        self._on_give_up = on_give_up
        self._outage = OutageLog(_log, "the list of follow-ups")
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-ups", daemon=True)

    def start(self) -> None:
        """Begin to send; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether there is something to send."""
        self._news.set()

    def stop(self) -> None:
        """Send no more after the one that is on its way."""
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def send_next(self) -> bool:
        """Send one that is due; False if none is. Raises QueueUnavailable."""
        now = self._clock.now()
        written = self._outbox.take(now, now + TRY_SECONDS)
        if written is None:
            return False
        task_id = None
        try:
            ended = decode_ended(written)
            task_id = ended.id
            self._dispatcher.send(ended, self._record(ended))
        except QueueUnavailable:
            raise  # it is due again soon
        except Exception as fault:  # noqa: BLE001 - whatever a signature makes Celery raise
            _log.exception("what follows task %s cannot be sent", task_id)
            self._outbox.give_up(written, task_id, f"{type(fault).__name__}: {fault}", now)
            self._on_give_up()
        else:
            self._outbox.settle(written)
        return True

    def _record(self, ended: EndedTask) -> JobRecord:
        """Return how the task ended for its client: another may have stored the end before."""
        stored = self._outbox.result_of(ended.id)
        if stored is not None:
            try:
                return read_celery_result(stored)
            except (msgspec.DecodeError, ValueError):
                _log.warning("the stored result of task %s could not be read", ended.id)
        return JobRecord(ended.state, bytes(ended.result))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.send_next():
                    pass
                self._outage.record(None)
            except QueueUnavailable as absence:
                self._outage.record(str(absence))
                self._stopping.wait(_POLL_SECONDS)
            except Exception:  # noqa: BLE001 - what could not be sent is due again; others go on
                _log.exception("what follows a task could not be sent; it is tried again")
            self._news.wait(_POLL_SECONDS)
            self._news.clear()
