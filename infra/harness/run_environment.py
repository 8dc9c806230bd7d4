"""What surrounds a run: its folder, the settings it must not see, and a stop that cleans up."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

# These would point a measured system at another stack.
_OF_ANOTHER_STACK = (
    *("PARLEY_REDIS_URL", "PARLEY_REDIS_PORT", "PARLEY_DATA_DIR", "PARLEY_HTTP_HOST"),
    *("PARLEY_HTTP_PORT", "PARLEY_FLOWER_PORT", "PARLEY_FLOWER_BASIC_AUTH", "PARLEY_MODEL_DIR"),
    *("PARLEY_BENCH_MESSAGES", "PARLEY_PUBLISH_ADDRESS"),
)


def new_run_folder(parent: Path) -> Path:
    """Make a folder that is named after the present time."""
    folder = parent / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def isolated_environment(further: Sequence[str] = ()) -> Iterator[None]:
    """Hide settings that are for another stack, and `further` ones.

    Those that tune a worker or gateway stay.
    """
    names = (*_OF_ANOTHER_STACK, *further)
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does: everything that was started is stopped."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
