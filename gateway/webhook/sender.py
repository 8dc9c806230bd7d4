"""Sends the events that are due, from a thread of its own in every gateway process.

An event is handed to one process at a time, so it does not matter how many there are.
"""

import logging
import random
import threading
from collections.abc import Callable
from typing import Literal

from gateway.webhook.delivery import Deliver
from gateway.webhook.outbox import Outbox, WaitingEvent
from shared.clock import Clock
from shared.errors import DeliveryFailed, QueueUnavailable
from shared.outage_log import OutageLog

DeliveryOutcome = Literal["ok", "failed", "given_up"]
TRY_SECONDS = 60.0  # no try takes longer: each address of a name may use up the time-out
GIVE_UP_SECONDS = 86_400.0
_MAX_PAUSE_SECONDS = 3_600.0
_POLL_SECONDS = 0.5

logger = logging.getLogger(__name__)


class WebhookSender:
    """Deliver events until they are taken or a day old."""

    def __init__(
        self,
        outbox: Outbox,
        deliver: Deliver,
        clock: Clock,
        observe: Callable[[DeliveryOutcome], None] = lambda _outcome: None,
    ) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._clock = clock
        self._observe = observe
        self._outage = OutageLog(logger, "the webhook")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook-sender", daemon=True)

    def start(self) -> None:
        """Begin to send; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Send no further event; waits for the one on its way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TRY_SECONDS)

    def send_next(self) -> bool:
        """Try to deliver one event that is due; False if none is. Raises QueueUnavailable."""
        now = self._clock.now()
        event = self._outbox.take(now, now + TRY_SECONDS)
        if event is None:
            return False
        try:
            self._deliver(event.id, event.body)
        except DeliveryFailed as failure:
            self._outage.record(str(failure))
            self._postpone(event, str(failure))
        else:
            self._outage.record(None)
            self._outbox.delivered(event)
            self._observe("ok")
        return True

    def _postpone(self, event: WaitingEvent, reason: str) -> None:
        now = self._clock.now()
        if now - float(event.at) < GIVE_UP_SECONDS:
            self._outbox.retry(event, now + pause_seconds(event.failures))
            self._observe("failed")
            return
        tries = event.failures + 1
        self._outbox.give_up(event, f"the webhook did not take it in {tries} tries: {reason}", now)
        logger.warning("webhook event %s is a dead letter now", event.id)
        self._observe("given_up")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.send_next():
                    pass
            except QueueUnavailable:
                pass  # other parts say so; the next round may succeed
            except Exception:
                logger.exception("the webhook sender met an unexpected error")
            self._stopping.wait(_POLL_SECONDS)


def pause_seconds(failures: int) -> float:
    """Return how long to wait after one more failure: from 1 to 2 s, doubling, at most an hour."""
    bound = min(_MAX_PAUSE_SECONDS, 2.0 ** min(failures + 1, 20))
    return random.SystemRandom().uniform(bound / 2, bound)
