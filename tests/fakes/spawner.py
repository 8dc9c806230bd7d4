"""A spawner that starts nothing: its processes end when a test says so."""

import signal

from infra.supervisor.service import Service


class ScriptedSpawner:
    """Keep a journal of what was started and ended."""

    def __init__(self) -> None:
        self.children: dict[str, list[ScriptedProcess]] = {}
        self.journal: list[str] = []

    def spawn(self, service: Service) -> "ScriptedProcess":
        """Record the start and return a process that runs."""
        siblings = self.children.setdefault(service.name, [])
        pid = 1000 + sum(len(some) for some in self.children.values())
        child = ScriptedProcess(service.name, pid, self.journal)
        siblings.append(child)
        self.journal.append(f"spawn {service.name}")
        return child

    def latest(self, name: str) -> "ScriptedProcess":
        """Return the process that was started last for this service."""
        return self.children[name][-1]


class ScriptedProcess:
    """A process whose end a test decides; `stubborn` ones ignore SIGTERM."""

    def __init__(self, name: str, pid: int, journal: list[str]) -> None:
        self._name = name
        self._pid = pid
        self._journal = journal
        self._code: int | None = None
        self.stubborn = False

    @property
    def pid(self) -> int:
        """Return a made-up process id."""
        return self._pid

    def exit(self, code: int) -> None:
        """Let the process end with this code."""
        self._code = code

    def exit_code(self) -> int | None:
        """Return None while it runs, else its exit code."""
        return self._code

    def terminate(self) -> None:
        """End with SIGTERM's code unless stubborn."""
        self._journal.append(f"terminate {self._name}")
        if not self.stubborn and self._code is None:
            self._code = -signal.SIGTERM

    def kill(self) -> None:
        """End with SIGKILL's code."""
        self._journal.append(f"kill {self._name}")
        if self._code is None:
            self._code = -signal.SIGKILL
