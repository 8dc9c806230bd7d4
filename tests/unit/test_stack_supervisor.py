"""Starting order, restarts with backoff, and stopping: no process, no sleep."""

import signal
from typing import Any

import pytest

from infra.stack.backoff import RestartPolicy
from infra.stack.part import Part, describe_exit
from infra.stack.spawner import ScriptedSpawner
from infra.stack.supervisor import Supervisor
from tests.fakes.clock import ManualClock


class Switch:
    """A probe that a test turns on."""

    def __init__(self) -> None:
        self.on = False

    def is_ready(self, pid: int) -> bool:
        return self.on


class Journal:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def started(self, part: Part, pid: int) -> None:
        self.lines.append(("started", part.name))

    def ready(self, part: Part, seconds: float) -> None:
        self.lines.append(("ready", part.name, seconds))

    def died(self, part: Part, code: int, wait_seconds: float) -> None:
        self.lines.append(("died", part.name, code, wait_seconds))

    def hung(self, part: Part, seconds: float) -> None:
        self.lines.append(("hung", part.name, seconds))

    def killed(self, part: Part) -> None:
        self.lines.append(("killed", part.name))

    def stopped(self, part: Part) -> None:
        self.lines.append(("stopped", part.name))


class Stack:
    """Redis, then a worker that needs it."""

    def __init__(self) -> None:
        self.redis_probe, self.worker_probe = Switch(), Switch()
        parts = [
            Part("redis", ("redis",), self.redis_probe, hung_seconds=30),
            Part(
                name="worker",
                command=("worker",),
                probe=self.worker_probe,
                after=("redis",),
                stop_seconds=5,
                hung_seconds=30,
            ),
        ]
        self.clock, self.spawner, self.journal = ManualClock(), ScriptedSpawner(), Journal()
        self.supervisor = Supervisor(
            parts,
            spawner=self.spawner,
            clock=self.clock,
            observer=self.journal,
            policy=RestartPolicy(first_seconds=1, longest_seconds=8, steady_seconds=60),
        )

    def bring_up(self) -> None:
        self.redis_probe.on = self.worker_probe.on = True
        for _ in range(3):
            self.supervisor.tick()
        assert self.supervisor.all_ready

    def crash(self, name: str, code: int = 1) -> float:
        """Let a part die; return how long it is to stay down."""
        self.spawner.latest(name).exit(code)
        self.supervisor.tick()
        kind, part, told, wait = self.journal.lines[-1]
        assert (kind, part, told) == ("died", name, code)
        return float(wait)


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_a_part_starts_only_when_what_it_needs_is_ready(stack: Stack) -> None:
    for _ in range(5):
        stack.supervisor.tick()
    assert stack.spawner.journal == ["spawn redis"]
    assert stack.supervisor.waiting_for == ["redis", "worker"]
    stack.redis_probe.on = True
    stack.supervisor.tick()
    assert stack.spawner.journal == ["spawn redis", "spawn worker"]
    assert not stack.supervisor.all_ready


def test_readiness_is_told_once_with_the_time_it_took(stack: Stack) -> None:
    stack.supervisor.tick()
    stack.clock.advance(2.5)
    stack.redis_probe.on = True
    for _ in range(3):
        stack.supervisor.tick()
    assert stack.journal.lines.count(("ready", "redis", 2.5)) == 1


def test_a_dead_part_comes_back_after_the_wait_and_not_before(stack: Stack) -> None:
    stack.bring_up()
    assert stack.crash("worker") == 1
    stack.clock.advance(0.9)
    stack.supervisor.tick()
    assert len(stack.spawner.children["worker"]) == 1
    stack.clock.advance(0.2)
    stack.supervisor.tick()
    assert len(stack.spawner.children["worker"]) == 2
    stack.supervisor.tick()
    assert stack.supervisor.all_ready


def test_waits_double_up_to_the_longest(stack: Stack) -> None:
    stack.bring_up()
    waits = []
    for _ in range(6):
        waits.append(stack.crash("worker"))
        stack.clock.advance(waits[-1])
        stack.supervisor.tick()
    assert waits == [1, 2, 4, 8, 8, 8]


def test_a_steady_while_forgives_earlier_failures(stack: Stack) -> None:
    stack.bring_up()
    stack.clock.advance(stack.crash("worker"))
    stack.supervisor.tick()
    stack.supervisor.tick()
    stack.clock.advance(60)
    assert stack.crash("worker") == 1


def test_whatever_a_dead_leader_left_behind_is_killed(stack: Stack) -> None:
    stack.bring_up()
    stack.crash("worker")
    assert stack.spawner.journal[-1] == "kill worker"


def test_a_restarted_dependency_holds_back_only_parts_that_are_down(stack: Stack) -> None:
    stack.bring_up()
    stack.redis_probe.on = False
    stack.crash("redis", -signal.SIGKILL)
    assert stack.spawner.latest("worker").exit_code() is None
    stack.crash("worker")
    stack.clock.advance(10)
    stack.supervisor.tick()
    stack.supervisor.tick()
    assert len(stack.spawner.children["worker"]) == 1
    stack.redis_probe.on = True
    stack.supervisor.tick()
    assert len(stack.spawner.children["worker"]) == 2


def test_a_part_that_never_became_ready_is_hopeless_after_three_failures(stack: Stack) -> None:
    stack.redis_probe.on = True
    stack.supervisor.tick()
    for _ in range(3):
        assert stack.supervisor.hopeless == []
        stack.supervisor.tick()
        stack.clock.advance(stack.crash("worker"))
    assert stack.supervisor.hopeless == ["worker"]


def test_a_part_that_served_once_is_never_hopeless(stack: Stack) -> None:
    stack.bring_up()
    for _ in range(10):
        stack.clock.advance(stack.crash("worker"))
        stack.supervisor.tick()
    assert stack.supervisor.hopeless == []


def test_stopping_goes_backwards_and_waits_for_each(stack: Stack) -> None:
    stack.bring_up()
    worker = stack.spawner.latest("worker")
    worker.stubborn = True
    stack.supervisor.stop()
    stack.supervisor.tick()
    assert "terminate redis" not in stack.spawner.journal
    worker.exit(0)
    stack.supervisor.tick()
    assert [line for line in stack.spawner.journal if "terminate" in line] == [
        "terminate worker",
        "terminate redis",
    ]
    assert stack.supervisor.stopped
    assert stack.journal.lines[-2:] == [("stopped", "worker"), ("stopped", "redis")]


def test_a_stubborn_part_is_killed_when_its_time_is_over(stack: Stack) -> None:
    stack.bring_up()
    stack.spawner.latest("worker").stubborn = True
    stack.supervisor.stop()
    stack.clock.advance(4.9)
    stack.supervisor.tick()
    assert not stack.supervisor.stopped
    stack.clock.advance(0.2)
    stack.supervisor.tick()
    assert ("killed", "worker") in stack.journal.lines
    assert stack.supervisor.stopped


def test_nothing_is_restarted_while_stopping(stack: Stack) -> None:
    stack.bring_up()
    stack.crash("worker")
    stack.supervisor.stop()
    stack.clock.advance(100)
    stack.supervisor.tick()
    assert len(stack.spawner.children["worker"]) == 1


def test_force_ends_everything_at_once(stack: Stack) -> None:
    stack.bring_up()
    for name in ("redis", "worker"):
        stack.spawner.latest(name).stubborn = True
    stack.supervisor.stop()
    stack.supervisor.kill()
    assert stack.supervisor.stopped
    assert stack.spawner.journal[-2:] == ["kill worker", "kill redis"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL"), (-99, "signal 99")],
)
def test_exits_are_told_in_words(code: int, words: str) -> None:
    assert words in describe_exit(code)


def watch_for(stack: Stack, seconds: int) -> None:
    for _ in range(seconds):
        stack.clock.advance(1)
        stack.supervisor.tick()


def test_a_part_that_hangs_is_killed_and_restarted_and_it_is_said_so(stack: Stack) -> None:
    stack.bring_up()
    watch_for(stack, 100)
    stack.worker_probe.on = False
    watch_for(stack, 29)
    assert len(stack.spawner.children["worker"]) == 1
    stack.worker_probe.on = True
    watch_for(stack, 10)
    stack.worker_probe.on = False
    watch_for(stack, 40)
    assert len(stack.spawner.children["worker"]) == 2
    told = [line for line in stack.journal.lines if line[0] in ("hung", "died")]
    assert [line[:2] for line in told] == [("hung", "worker"), ("died", "worker")]
    assert 30 <= told[0][2] <= 36


def test_a_part_is_not_blamed_for_what_it_needs(stack: Stack) -> None:
    stack.bring_up()
    stack.redis_probe.on = stack.worker_probe.on = False
    watch_for(stack, 100)
    assert len(stack.spawner.children["worker"]) == 1
    assert ("hung", "redis") in [line[:2] for line in stack.journal.lines]
