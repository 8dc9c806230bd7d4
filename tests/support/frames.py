"""Count our own functions on the stacks of whatever runs in a block."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parent.parent.parent
OWN = tuple(str(ROOT / name) for name in ("gateway", "shared", "workers"))
Stack = tuple[str, ...]


@contextmanager
def recorded_stacks() -> Iterator[list[Stack]]:
    """Collect the stack of each call of ours, in all threads that start meanwhile."""
    stacks: list[Stack] = []

    def record(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OWN):
            stacks.append(tuple(_own_functions(frame)))

    threading.setprofile(record)
    sys.setprofile(record)
    try:
        yield stacks
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _own_functions(frame: FrameType | None) -> Iterator[str]:
    """Yield the names of our functions on a stack, innermost first."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(OWN):
            yield frame.f_code.co_qualname
        frame = frame.f_back
