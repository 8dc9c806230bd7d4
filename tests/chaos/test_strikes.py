"""Faults strike real processes: when they may, whom they should, and are mended."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.chaos.blows import held_links
from infra.chaos.faults import LINKED, Action, Fault
from infra.chaos.hands import Hands
from infra.chaos.proxy import Proxy
from infra.chaos.stage import StageWatch
from infra.chaos.strikes import Striker
from infra.stack.logs import LogFolder
from infra.stack.part import Part
from shared import keys
from shared.jobs import ChatJob, WorkerStatus
from shared.wire import encode_infer
from tests.processes import RedisServer, free_port, wait_until
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

SLEEPER = Part("inference", (sys.executable, "-c", "import time; time.sleep(60)"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class Ground:
    """A sleeping process that stands for the worker, a proxy, and Redis."""

    def __init__(self, folder: Path, server: RedisServer, proxy: Proxy) -> None:
        self.watch = StageWatch(LogFolder(folder))
        self.hands = Hands(server.url)
        self.proxy = proxy
        self.process = subprocess.Popen(SLEEPER.command, start_new_session=True)
        self.watch.started(SLEEPER, self.process.pid)
        self.url = server.url

    def striker(self, *faults: Fault, aim_seconds: float = 0.0) -> Striker:
        return Striker(faults, self.watch, self.proxy, self.hands, aim_seconds)


@pytest.fixture
def ground(tmp_path: Path, redis_server: RedisServer, redis_url: str) -> Iterator[Ground]:
    with Proxy({name: free_port() for name in LINKED}, redis_server.port) as proxy:
        made = Ground(tmp_path, redis_server, proxy)
        try:
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def fault(action: Action, target: str = "inference", seconds: float = 0.0) -> Fault:
    return Fault(0.0, action, target, seconds)


def test_a_fault_waits_for_a_part_that_is_down_and_gives_up_at_last(ground: Ground) -> None:
    striker = ground.striker(fault("kill"))
    striker.tick(time.time() - 1.0)
    assert not striker.journal.strikes
    striker.tick(time.time() - 100.0)
    assert [missed.action for missed in striker.journal.missed] == ["kill"]
    assert striker.done
    assert ground.process.poll() is None


def test_a_frozen_part_is_woken_when_its_time_is_over(ground: Ground) -> None:
    ground.watch.ready(SLEEPER, 0.1)
    striker = ground.striker(fault("freeze", seconds=0.2))
    striker.tick(time.time() - 1.0)
    wait_until(lambda: state_of(ground.process.pid) == "T", 5)
    time.sleep(0.25)
    striker.tick(time.time())
    wait_until(lambda: state_of(ground.process.pid) == "S", 5)
    (strike,) = striker.journal.strikes
    assert strike.mended_at is not None
    assert striker.done


def test_a_worker_is_struck_when_its_hands_are_full_and_watched_until_they_are_empty(
    ground: Ground, redis_client: "redis.Redis"
) -> None:
    ground.watch.ready(SLEEPER, 0.1)
    queue = RedisInferenceQueue(ground.url, WorkerContext("w1"), QueuePolicy())
    queue.heartbeat(WorkerStatus("w1", keys.INFERENCE, "fake", ground.process.pid, "h", 0.0))
    striker = ground.striker(fault("kill"), aim_seconds=5.0)
    striker.tick(time.time())
    assert not striker.journal.strikes
    for number in range(9):
        ground.hands.push(
            keys.INFERENCE, encode_infer(ChatJob(f"j{number}", "x", f"c{number}", 1.0))
        )
    queue.lease(9)
    began = time.time()
    striker.tick(began)
    ground.process.wait(timeout=5)
    (strike,) = striker.journal.strikes
    assert set(strike.held) == {f"j{number}" for number in range(9)}
    striker.tick(began)
    assert strike.released_at is None
    redis_client.delete(keys.lease("w1"))
    striker.tick(began)
    assert strike.released_at is not None
    assert striker.done


def test_what_has_not_struck_when_the_load_ends_is_missed(ground: Ground) -> None:
    striker = ground.striker(Fault(50.0, "cut", "gateway"))
    striker.tick(time.time())
    striker.mend_all()
    assert [missed.action for missed in striker.journal.missed] == ["cut"]


def test_malformed_messages_are_pushed_once_each(
    ground: Ground, redis_client: "redis.Redis"
) -> None:
    striker = ground.striker(fault("malformed", keys.SENTIMENT))
    for _ in range(2):
        striker.tick(time.time() - 1.0)
    assert redis_client.llen(keys.SENTIMENT) == 5
    assert set(striker.journal.pushed.values()) == {1}


def test_a_link_that_two_faults_hold_opens_after_the_second() -> None:
    assert held_links([fault("away", "redis")]) == set(LINKED)
    assert held_links([fault("hang", "gateway"), fault("kill", "sentiment")]) == {"gateway"}
    assert held_links([]) == set()
