"""What the stack runs: one service, one process."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.processor import describe_signal


class Probe(Protocol):
    """Ask a running service whether it is ready."""

    def is_ready(self, pid: int) -> bool:
        """Return whether the service with this process id is ready; take under a second."""


class AlwaysReady:
    """Call every service ready as soon as it runs."""

    def is_ready(self, pid: int) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the stack.

    `after` names services that must be ready before this one starts. `environment` is laid over
    the supervisor's own. `stop_seconds` is the time between SIGTERM and SIGKILL; `orphan_signal` is
    what the kernel sends once the supervisor is gone (Linux only). A service with a `niceness`
    yields the processors to the others, and what it forks does so with a `child_niceness`.
    `hung_seconds` is how long it may leave its probe without
    an answer, once it has been ready, before it is killed and restarted; None: for ever.
    """

    name: str
    command: tuple[str, ...]
    probe: Probe = field(default_factory=AlwaysReady)
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    stop_seconds: float = 10.0
    orphan_signal: signal.Signals = signal.SIGKILL
    niceness: int = 0
    child_niceness: int = 0
    hung_seconds: float | None = None


def describe_exit(code: int) -> str:
    """Describe how a process ended; a negative code is a signal's number, as in subprocess."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {describe_signal(-code)}"
