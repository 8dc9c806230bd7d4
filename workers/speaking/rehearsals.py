"""Try a model that is left alone, where nobody waits for it."""

import logging
import threading
from collections.abc import Callable

from workers.speaking.worth import Worth
from workers.voice.brief import Brief

_LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Rehearsals:
    """A thread that has replies written for nobody, as long as the model is left alone.

    `rehearse` tells whether any of a reply would have been shown in time.
    """

    def __init__(self, worth: Worth, rehearse: Callable[[Brief], bool]) -> None:
        self._worth = worth
        self._rehearse = rehearse
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsals", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for a reply that is being written."""
        self._stopped.set()

    def step(self) -> None:
        """Rehearse a reply if one is due."""
        brief = self._worth.due_rehearsal()
        if brief is None:
            return
        is_good = False
        try:
            is_good = self._rehearse(brief)
        except Exception as fault:  # noqa: BLE001 - the next one may go well
            _log.warning("no rehearsal: %s", type(fault).__name__)
        self._worth.settle(is_good=is_good)
        if is_good:
            _log.info("the language model's words come in time again")

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            self.step()
