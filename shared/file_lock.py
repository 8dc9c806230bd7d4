"""Locks on files. The kernel frees the lock of a process that dies."""

import fcntl
from typing import IO, Any


def try_lock(file: IO[Any], *, shared: bool = False) -> bool:
    """Lock an open file without waiting; return whether it is locked now."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(file: IO[Any]) -> None:
    """Lock an open file; wait until whoever has it lets it go."""
    fcntl.flock(file, fcntl.LOCK_EX)
