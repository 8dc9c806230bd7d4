"""One stack per data folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from infra.stack.settings import StackSettings
from shared.errors import StackError


@contextlib.contextmanager
def hold_data_folder(settings: StackSettings) -> Iterator[bool]:
    """Claim the data folder; yield whether the stack that had it last was cut off.

    Raises StackError when another stack has it now. The claim ends with the process, however that
    ends; the file's text outlives only a stack that could not stop cleanly.
    """
    path = settings.data_folder / "stack.lock"
    with path.open("a+") as file:
        _claim(file.fileno(), path, settings)
        was_cut_off = path.stat().st_size > 0
        _write(file.fileno(), f"pid {os.getpid()}, {settings.gateway_url}")
        yield was_cut_off
        _write(file.fileno(), "")


def _claim(descriptor: int, path: Path, settings: StackSettings) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StackError(
            f"Another stack ({path.read_text() or 'just starting'}) uses {settings.data_folder}: "
            "stop it, or set PARLEY_DATA_DIR, PARLEY_HTTP_PORT, PARLEY_REDIS_PORT and "
            "PARLEY_FLOWER_PORT to others for a second one."
        ) from None


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def holder(settings: StackSettings) -> str | None:
    """Return what the stack that has the data folder now says of itself, or None."""
    path = settings.data_folder / "stack.lock"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read() or "just starting"
    return None
