"""One build at a time for each model folder."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(model_dir: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock beside `model_dir`; call `on_wait` once where another build holds it.

    The kernel frees the lock of a process that dies.
    """
    model_dir.parent.mkdir(parents=True, exist_ok=True)
    with model_dir.with_name(f".{model_dir.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
