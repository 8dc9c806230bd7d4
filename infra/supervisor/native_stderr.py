"""What native libraries write past Python."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Keep what native libraries write to standard error by themselves off the terminal."""
    sys.stderr.flush()
    saved, null_device = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null_device)
