"""Whoever interrupts a run ends it, whatever it is doing."""

import signal
from typing import Any, cast

import pytest

from infra.harness.running_system import stop_all


class Stubborn:
    """A supervisor whose services end only when they are killed."""

    stopped = False

    def __init__(self, request: signal.Signals | None) -> None:
        self._request = request

    def stop(self) -> None:
        if self._request is None:
            self.stopped = True
        else:
            signal.raise_signal(self._request)

    def kill(self) -> None:
        self.stopped = True

    def tick(self) -> None: ...


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_services_stop_ends_the_run_too(request_to_stop: signal.Signals) -> None:
    supervisor = Stubborn(request_to_stop)
    with pytest.raises(KeyboardInterrupt):
        stop_all(cast("Any", supervisor))
    assert supervisor.stopped


def test_without_an_interrupt_it_goes_on() -> None:
    supervisor = Stubborn(None)
    stop_all(cast("Any", supervisor))
    assert supervisor.stopped
