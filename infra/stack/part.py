"""What the stack runs: one part, one process."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Probe(Protocol):
    """Ask a running part whether it serves."""

    def is_ready(self, pid: int) -> bool:
        """Return whether the part with this process id serves; take under a second."""


class Immediate:
    """Call every part ready as soon as it runs."""

    def is_ready(self, pid: int) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack.

    `after` names parts that must be ready before this one starts. `environment` is laid over the
    supervisor's own. `stop_seconds` is the time between SIGTERM and SIGKILL; `orphan_signal` is
    what the kernel sends when the supervisor is gone (Linux only). A part of some `niceness` lets
    the others have the processors first. `hung_seconds` is how long it may leave its probe without
    an answer, once it has served, before it is killed and restarted; None: for ever.
    """

    name: str
    command: tuple[str, ...]
    probe: Probe = field(default_factory=Immediate)
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    stop_seconds: float = 10.0
    orphan_signal: signal.Signals = signal.SIGKILL
    niceness: int = 0
    hung_seconds: float | None = None


def describe_exit(code: int) -> str:
    """Say how a process ended; a negative code is a signal's number, as in subprocess."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
