"""Requests to stop, counted instead of raised in the middle of something."""

import signal
from types import FrameType
from typing import Self

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Count SIGINT, SIGTERM and SIGHUP while the block lasts."""

    def __init__(self) -> None:
        self.requests = 0
        self._former = {number: signal.getsignal(number) for number in _STOP_SIGNALS}

    def __enter__(self) -> Self:
        for number in _STOP_SIGNALS:
            signal.signal(number, self._count)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.requests += 1
