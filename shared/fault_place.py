"""Names an unexpected fault for the log without its text, which may quote a message."""

import traceback
from pathlib import PurePath


def fault_place(fault: BaseException) -> str:
    """Return a fault's type, and the line of code that raised it."""
    raised = traceback.extract_tb(fault.__traceback__)
    place = f" at {PurePath(raised[-1].filename).name}:{raised[-1].lineno}" if raised else ""
    return f"{type(fault).__name__}{place}"
