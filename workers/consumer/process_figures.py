"""What a worker's process takes of its machine."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_STATM = Path("/proc/self/statm")


def process_figures() -> Mapping[str, float]:
    """Return the processor time so far and, on Linux, the resident memory."""
    figures = {"processor_seconds": time.process_time()}
    with suppress(OSError):  # elsewhere, or hidden
        pages = int(_STATM.read_text().split()[1])
        figures["process_resident_bytes"] = float(pages * os.sysconf("SC_PAGE_SIZE"))
    return figures
