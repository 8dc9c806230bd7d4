"""The drain's own life: it begins and ends whatever Redis does."""

import threading
from collections.abc import Sequence

from shared import keys
from shared.clock import ManualClock
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, WorkerStatus
from tests.processes import wait_until
from tests.unit.drain_parts import PoisonableEngine
from workers.drain.counters import Counters
from workers.drain.drain import Drain, Identity, Parts
from workers.drain.events import NoEvents
from workers.drain.lease import Leaser
from workers.drain.memory_lease import MemoryBroker
from workers.drain.memory_queue import MemoryInferenceQueue
from workers.drain.pace import EnginePace, NoPace
from workers.drain.pack import BatchLimits, Pool
from workers.drain.persist import Persister
from workers.drain.port import Lease, QueueLimits
from workers.drain.run import Runner
from workers.drain.work import Ran, Work
from workers.engines.cost import CostModel


class LateRedis(MemoryInferenceQueue):
    """A queue that is not there for the first few heartbeats."""

    absences = 1

    def beat(self, status: WorkerStatus) -> None:
        if self.absences:
            self.absences -= 1
            raise QueueUnavailable("not there yet")
        super().beat(status)


class Nothing:
    """A preparer and a completer that never have anything to do."""

    def prepare(self, leases: Sequence[Lease]) -> list[Work[ChatJob]]:
        return []

    def bury(self, lease: Lease, reason: str, trace: str | None = None) -> None:
        raise AssertionError("nothing to bury")

    def put(self, ran: Ran[ChatJob]) -> None:
        raise AssertionError("nothing ran")

    def run(self) -> None:
        return

    def close(self) -> None:
        return


def drain_over(queue: MemoryInferenceQueue) -> Drain[ChatJob]:
    clock, stopping, idle = ManualClock(), threading.Event(), Nothing()
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 1_024), capacity=8)
    return Drain(
        Parts(
            identity=Identity("w", keys.INFERENCE, "fake", clock.now()),
            queue=queue,
            pool=pool,
            leaser=Leaser(queue, pool, NoPace()),
            pace=EnginePace(clock, CostModel(0.0, 0.0)),
            preparer=idle,
            runner=Runner(PoisonableEngine(), clock),
            completer=idle,
            events=NoEvents(),
            counters=Counters(),
            persister=Persister(stopping),
            clock=clock,
            stopping=stopping,
            gauges=dict,
        )
    )


def test_a_worker_that_starts_while_redis_is_away_serves_once_it_is_back() -> None:
    broker = MemoryBroker()
    drain = drain_over(LateRedis(broker, "w", ManualClock(), QueueLimits()))
    drain.start()
    assert not broker.beats
    wait_until(lambda: "w" in broker.beats, 5)
    drain.stop()
