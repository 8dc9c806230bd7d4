"""Starting order, restarts with backoff, and stopping: no process, no sleep."""

import os
import signal
from typing import Any

import pytest

from infra.supervisor.backoff import RestartPolicy
from infra.supervisor.service import Service, describe_exit
from infra.supervisor.supervisor import Supervisor
from tests.fakes.clock import ManualClock
from tests.fakes.spawner import ScriptedSpawner


class Switch:
    """A probe that a test turns on."""

    def __init__(self) -> None:
        self.on = False

    def is_ready(self, pid: int) -> bool:
        return self.on


class RecordingObserver:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def started(self, service: Service, pid: int) -> None:
        self.lines.append(("started", service.name))

    def ready(self, service: Service, seconds: float) -> None:
        self.lines.append(("ready", service.name, seconds))

    def died(self, service: Service, code: int, wait_seconds: float) -> None:
        self.lines.append(("died", service.name, code, wait_seconds))

    def hung(self, service: Service, seconds: float) -> None:
        self.lines.append(("hung", service.name, seconds))

    def killed(self, service: Service) -> None:
        self.lines.append(("killed", service.name))

    def stopped(self, service: Service) -> None:
        self.lines.append(("stopped", service.name))


class SupervisedPair:
    """Redis, then a worker that needs it."""

    def __init__(self) -> None:
        self.redis_probe, self.worker_probe = Switch(), Switch()
        services = [
            Service("redis", ("redis",), self.redis_probe, hung_seconds=30),
            Service(
                name="worker",
                command=("worker",),
                probe=self.worker_probe,
                after=("redis",),
                stop_seconds=5,
                hung_seconds=30,
            ),
        ]
        self.clock, self.spawner, self.journal = (
            ManualClock(),
            ScriptedSpawner(),
            RecordingObserver(),
        )
        self.supervisor = Supervisor(
            services,
            spawner=self.spawner,
            clock=self.clock,
            observer=self.journal,
            policy=RestartPolicy(first_seconds=1, max_seconds=8, short_lives_max_seconds=5),
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
        kind, service, fields, wait = self.journal.lines[-1]
        assert (kind, service, fields) == ("died", name, code)
        return float(wait)


@pytest.fixture
def pair() -> SupervisedPair:
    return SupervisedPair()


def test_a_service_starts_only_when_what_it_needs_is_ready(pair: SupervisedPair) -> None:
    for _ in range(5):
        pair.supervisor.tick()
    assert pair.spawner.journal == ["spawn redis"]
    assert pair.supervisor.waiting_for == ["redis", "worker"]
    pair.redis_probe.on = True
    pair.supervisor.tick()
    assert pair.spawner.journal == ["spawn redis", "spawn worker"]
    assert not pair.supervisor.all_ready


def test_readiness_is_reported_once_with_the_time_it_took(pair: SupervisedPair) -> None:
    pair.supervisor.tick()
    pair.clock.advance(2.5)
    pair.redis_probe.on = True
    for _ in range(3):
        pair.supervisor.tick()
    assert pair.journal.lines.count(("ready", "redis", 2.5)) == 1


def test_what_has_served_is_back_at_once_however_often_it_dies(pair: SupervisedPair) -> None:
    pair.bring_up()
    for life in range(1, 10):
        pair.clock.advance(15)
        assert pair.crash("worker", -signal.SIGKILL) == 0
        pair.supervisor.tick()
        assert len(pair.spawner.children["worker"]) == life + 1
        pair.supervisor.tick()
        assert pair.supervisor.all_ready


def test_a_service_that_does_not_start_waits_ever_longer(pair: SupervisedPair) -> None:
    pair.redis_probe.on = True
    pair.supervisor.tick()
    pair.supervisor.tick()
    waits = []
    for _ in range(6):
        waits.append(pair.crash("worker"))
        pair.clock.advance(waits[-1])
        pair.supervisor.tick()
    assert waits == [1, 2, 4, 8, 8, 8]


def test_it_comes_back_after_the_wait_and_not_before(pair: SupervisedPair) -> None:
    pair.redis_probe.on = True
    pair.supervisor.tick()
    pair.supervisor.tick()
    assert pair.crash("worker") == 1
    pair.clock.advance(0.9)
    pair.supervisor.tick()
    assert len(pair.spawner.children["worker"]) == 1
    pair.clock.advance(0.2)
    pair.supervisor.tick()
    assert len(pair.spawner.children["worker"]) == 2


def test_readiness_forgives_failed_starts(pair: SupervisedPair) -> None:
    pair.redis_probe.on = True
    pair.supervisor.tick()
    for _ in range(4):
        pair.supervisor.tick()
        pair.clock.advance(pair.crash("worker"))
    pair.bring_up()
    pair.clock.advance(60)
    assert pair.crash("worker") == 0
    pair.worker_probe.on = False
    pair.supervisor.tick()
    assert pair.crash("worker") == 1


def die_after(pair: SupervisedPair, *, start_seconds: float, served_seconds: float) -> float:
    """Let the worker start, serve and die; return how long it is to stay down."""
    pair.worker_probe.on = False
    pair.supervisor.tick()
    pair.clock.advance(start_seconds)
    pair.worker_probe.on = True
    pair.supervisor.tick()
    pair.clock.advance(served_seconds)
    wait = pair.crash("worker")
    pair.clock.advance(wait)
    return wait


def test_one_that_dies_sooner_than_it_starts_again_and_again_waits_a_little(
    pair: SupervisedPair,
) -> None:
    pair.bring_up()
    pair.clock.advance(60)
    pair.crash("worker")
    waits = [die_after(pair, start_seconds=4, served_seconds=3) for _ in range(6)]
    assert waits == [0, 1, 2, 4, 5, 5]
    assert die_after(pair, start_seconds=4, served_seconds=4) == 0
    assert die_after(pair, start_seconds=4, served_seconds=3) == 0
    assert die_after(pair, start_seconds=4, served_seconds=3) == 1


def test_a_start_in_no_time_does_not_excuse_a_life_of_none(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.crash("worker")
    waits = [die_after(pair, start_seconds=0, served_seconds=0.5) for _ in range(3)]
    assert waits == [1, 2, 4]


def test_whatever_a_dead_leader_left_behind_is_killed(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.crash("worker")
    assert pair.spawner.journal[-1] == "kill worker"


def test_a_restarted_dependency_holds_back_only_services_that_are_down(
    pair: SupervisedPair,
) -> None:
    pair.bring_up()
    pair.redis_probe.on = False
    pair.crash("redis", -signal.SIGKILL)
    assert pair.spawner.latest("worker").exit_code() is None
    pair.crash("worker")
    pair.clock.advance(10)
    pair.supervisor.tick()
    pair.supervisor.tick()
    assert len(pair.spawner.children["worker"]) == 1
    pair.redis_probe.on = True
    pair.supervisor.tick()
    assert len(pair.spawner.children["worker"]) == 2


def test_a_service_never_ready_is_crash_looping_after_three_failures(
    pair: SupervisedPair,
) -> None:
    pair.redis_probe.on = True
    pair.supervisor.tick()
    for _ in range(3):
        assert pair.supervisor.crash_looping == []
        pair.supervisor.tick()
        pair.clock.advance(pair.crash("worker"))
    assert pair.supervisor.crash_looping == ["worker"]


def test_a_service_that_was_ready_once_is_never_crash_looping(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.crash("worker")
    pair.worker_probe.on = False
    for _ in range(10):
        pair.supervisor.tick()
        pair.clock.advance(pair.crash("worker"))
    assert pair.supervisor.crash_looping == []


def test_a_service_that_says_that_no_restart_helps_is_misconfigured_at_once(
    pair: SupervisedPair,
) -> None:
    pair.redis_probe.on = True
    pair.supervisor.tick()
    pair.supervisor.tick()
    assert pair.supervisor.misconfigured == []
    pair.crash("worker", os.EX_CONFIG)
    assert pair.supervisor.misconfigured == ["worker"]


def test_a_service_that_was_ready_once_is_restarted_whatever_it_says(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.crash("worker", os.EX_CONFIG)
    assert pair.supervisor.misconfigured == []


def test_stopping_goes_backwards_and_waits_for_each(pair: SupervisedPair) -> None:
    pair.bring_up()
    worker = pair.spawner.latest("worker")
    worker.stubborn = True
    pair.supervisor.stop()
    pair.supervisor.tick()
    assert "terminate redis" not in pair.spawner.journal
    worker.exit(0)
    pair.supervisor.tick()
    assert [line for line in pair.spawner.journal if "terminate" in line] == [
        "terminate worker",
        "terminate redis",
    ]
    assert pair.supervisor.stopped
    assert pair.journal.lines[-2:] == [("stopped", "worker"), ("stopped", "redis")]


def test_a_stubborn_service_is_killed_when_its_time_is_over(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.spawner.latest("worker").stubborn = True
    pair.supervisor.stop()
    pair.clock.advance(4.9)
    pair.supervisor.tick()
    assert not pair.supervisor.stopped
    pair.clock.advance(0.2)
    pair.supervisor.tick()
    assert ("killed", "worker") in pair.journal.lines
    assert pair.supervisor.stopped


def test_nothing_is_restarted_while_stopping(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.crash("worker")
    pair.supervisor.stop()
    pair.clock.advance(100)
    pair.supervisor.tick()
    assert len(pair.spawner.children["worker"]) == 1


def test_force_ends_everything_at_once(pair: SupervisedPair) -> None:
    pair.bring_up()
    for name in ("redis", "worker"):
        pair.spawner.latest(name).stubborn = True
    pair.supervisor.stop()
    pair.supervisor.kill()
    assert pair.supervisor.stopped
    assert pair.spawner.journal[-2:] == ["kill worker", "kill redis"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "killed by SIGKILL"),
        (-99, "signal 99"),
        (-4, "SIGILL: it met an instruction that this processor does not have"),
    ],
)
def test_exits_are_described(code: int, words: str) -> None:
    assert words in describe_exit(code)


def watch_for(pair: SupervisedPair, seconds: int) -> None:
    for _ in range(seconds):
        pair.clock.advance(1)
        pair.supervisor.tick()


def test_a_service_that_hangs_is_killed_and_restarted_and_reported(
    pair: SupervisedPair,
) -> None:
    pair.bring_up()
    watch_for(pair, 100)
    pair.worker_probe.on = False
    watch_for(pair, 29)
    assert len(pair.spawner.children["worker"]) == 1
    pair.worker_probe.on = True
    watch_for(pair, 10)
    pair.worker_probe.on = False
    watch_for(pair, 40)
    assert len(pair.spawner.children["worker"]) == 2
    fields = [line for line in pair.journal.lines if line[0] in ("hung", "died")]
    assert [line[:2] for line in fields] == [("hung", "worker"), ("died", "worker")]
    assert 30 <= fields[0][2] <= 36


def test_a_service_is_not_blamed_for_what_it_needs(pair: SupervisedPair) -> None:
    pair.bring_up()
    pair.redis_probe.on = pair.worker_probe.on = False
    watch_for(pair, 100)
    assert len(pair.spawner.children["worker"]) == 1
    assert ("hung", "redis") in [line[:2] for line in pair.journal.lines]
