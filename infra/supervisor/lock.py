"""One stack per data folder."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from infra.supervisor.settings import StackSettings
from shared.errors import StackError
from shared.file_lock import try_lock


@contextlib.contextmanager
def hold_data_folder(settings: StackSettings) -> Iterator[bool]:
    """Claim the data folder; yield whether the stack that had it last was cut off.

    Raises StackError when another stack has it now. The claim ends with the process, however that
    ends; the file's text outlives only a stack that could not stop cleanly.
    """
    path = settings.data_folder / "stack.lock"
    with path.open("a+") as file:
        _claim(file, path, settings)
        was_cut_off = path.stat().st_size > 0
        _write(file.fileno(), f"pid {os.getpid()}, {settings.gateway_url}")
        yield was_cut_off
        _write(file.fileno(), "")


def _claim(file: IO[str], path: Path, settings: StackSettings) -> None:
    if not try_lock(file):
        raise StackError(
            f"Another stack ({path.read_text() or 'just starting'}) uses {settings.data_folder}: "
            "stop it, or set PARLEY_DATA_DIR, PARLEY_HTTP_PORT, PARLEY_REDIS_PORT and "
            "PARLEY_FLOWER_PORT to others for a second one."
        )


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def owner(settings: StackSettings) -> str | None:
    """Return the pid and address of the stack that has the data folder now, or None."""
    path = settings.data_folder / "stack.lock"
    if not path.exists():
        return None
    with path.open() as file:
        return None if try_lock(file, shared=True) else file.read() or "just starting"
