"""Run a command that does not outlive the process which started it.

Called as `python pdeathsig.py PARENT_PID SIGNAL COMMAND…` and replaced by the command at once, so
the process id stays. A wrapper, not a `preexec_fn`: that may deadlock if the parent has threads.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def dying_with_this_process(
    command: Sequence[str], death_signal: signal.Signals = signal.SIGKILL
) -> list[str]:
    """Return a command that runs this one and sends it the signal once this process has ended.

    Start it from the main thread: the kernel ties a child to the thread that started it.
    """
    wrapper = (sys.executable, "-I", "-S", __file__)
    return [*wrapper, str(os.getpid()), f"{death_signal:d}", *command]


def main(parent_pid: int, death_signal: int, command: list[str]) -> None:
    """Ask the kernel for the signal (Linux; elsewhere a no-op), then become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent_pid:
        sys.exit(0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would keep that
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
