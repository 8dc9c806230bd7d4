"""Faults hit real processes: at the right time, the right target, and are reverted."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.chaos.faults import LINKED, Action, PlannedFault
from infra.chaos.injectors import held_links
from infra.chaos.leases import InFlightProbe
from infra.chaos.proxy import Proxy
from infra.chaos.scheduler import FaultScheduler
from infra.chaos.testbed import ChaosObserver
from infra.supervisor.logs import LogFolder
from infra.supervisor.service import Service
from shared import keys
from shared.clock import SystemClock
from shared.connection import connect
from shared.jobs import ChatJob
from shared.wire import encode_infer
from shared.worker_status import WorkerStatus
from tests.support.processes import RedisServer, free_port, wait_until
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

SLEEPER = Service("inference", (sys.executable, "-c", "import time; time.sleep(60)"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class FaultFixture:
    """A sleeping process in the role of the worker, a proxy, and Redis."""

    def __init__(self, folder: Path, server: RedisServer, proxy: Proxy) -> None:
        self.observer = ChaosObserver(LogFolder(folder))
        self.probe = InFlightProbe(server.url)
        self.proxy = proxy
        self.process = subprocess.Popen(SLEEPER.command, start_new_session=True)
        self.observer.started(SLEEPER, self.process.pid)
        self.url = server.url

    def scheduler(self, *faults: PlannedFault, aim_seconds: float = 0.0) -> FaultScheduler:
        return FaultScheduler(faults, self.observer, self.proxy, self.probe, aim_seconds)


@pytest.fixture
def fixture(tmp_path: Path, redis_server: RedisServer, redis_url: str) -> Iterator[FaultFixture]:
    with Proxy({name: free_port() for name in LINKED}, redis_server.port) as proxy:
        made = FaultFixture(tmp_path, redis_server, proxy)
        try:
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def fault(action: Action, target: str = "inference", seconds: float = 0.0) -> PlannedFault:
    return PlannedFault(0.0, action, target, seconds)


def test_a_fault_waits_for_a_target_that_is_down_and_gives_up(
    fixture: FaultFixture,
) -> None:
    scheduler = fixture.scheduler(fault("kill"))
    scheduler.tick(time.time() - 1.0)
    assert not scheduler.journal.injections
    scheduler.tick(time.time() - 100.0)
    assert [missed.action for missed in scheduler.journal.missed] == ["kill"]
    assert scheduler.done
    assert fixture.process.poll() is None


def test_a_frozen_service_is_resumed_when_its_time_is_over(fixture: FaultFixture) -> None:
    fixture.observer.ready(SLEEPER, 0.1)
    scheduler = fixture.scheduler(fault("freeze", seconds=0.2))
    scheduler.tick(time.time() - 1.0)
    wait_until(lambda: state_of(fixture.process.pid) == "T", 5)
    time.sleep(0.25)
    scheduler.tick(time.time())
    wait_until(lambda: state_of(fixture.process.pid) == "S", 5)
    (injection,) = scheduler.journal.injections
    assert injection.reverted_at is not None
    assert scheduler.done


def test_a_worker_is_hit_when_it_has_enough_leased_and_observed_until_it_has_none(
    fixture: FaultFixture, redis_client: "redis.Redis"
) -> None:
    fixture.observer.ready(SLEEPER, 0.1)
    clock = SystemClock()
    queue = RedisInferenceQueue(
        connect(fixture.url), WorkerContext("w1", clock=clock), QueuePolicy()
    )
    queue.heartbeat(WorkerStatus("w1", keys.INFERENCE, "fake", fixture.process.pid, "h", 0.0))
    scheduler = fixture.scheduler(fault("kill"), aim_seconds=5.0)
    scheduler.tick(time.time())
    assert not scheduler.journal.injections
    for number in range(9):
        fixture.probe.push(
            keys.INFERENCE, encode_infer(ChatJob(f"j{number}", "x", f"c{number}", 1.0))
        )
    queue.lease(9)
    began = time.time()
    scheduler.tick(began)
    fixture.process.wait(timeout=5)
    (injection,) = scheduler.journal.injections
    assert set(injection.in_flight) == {f"j{number}" for number in range(9)}
    scheduler.tick(began)
    assert injection.released_at is None
    redis_client.delete(keys.lease("w1"))
    scheduler.tick(began)
    assert injection.released_at is not None
    assert scheduler.done


def test_what_was_not_injected_when_the_load_ends_is_missed(fixture: FaultFixture) -> None:
    scheduler = fixture.scheduler(PlannedFault(50.0, "cut", "gateway"))
    scheduler.tick(time.time())
    scheduler.revert_all()
    assert [missed.action for missed in scheduler.journal.missed] == ["cut"]


def test_malformed_messages_are_pushed_once_each(
    fixture: FaultFixture, redis_client: "redis.Redis"
) -> None:
    scheduler = fixture.scheduler(fault("malformed", keys.SENTIMENT))
    for _ in range(2):
        scheduler.tick(time.time() - 1.0)
    assert redis_client.llen(keys.SENTIMENT) == 5
    assert set(scheduler.journal.pushed.values()) == {1}


def test_a_link_that_two_faults_hold_opens_after_the_second() -> None:
    assert held_links([fault("outage", "redis")]) == set(LINKED)
    assert held_links([fault("hang", "gateway"), fault("kill", "sentiment")]) == {"gateway"}
    assert held_links([]) == set()
