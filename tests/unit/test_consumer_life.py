"""The drain's own life: it begins and ends whatever Redis does."""

import threading
from collections.abc import Sequence

from shared import keys
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, WorkerStatus
from tests.fakes.clock import ManualClock
from tests.processes import wait_until
from tests.unit.consumer_parts import PoisonableEngine
from workers.consumer.batching import BatchLimits, Pool
from workers.consumer.consumer import BatchConsumer, Parts, WorkerIdentity
from workers.consumer.counters import Counters
from workers.consumer.fetch import Fetcher
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import Lease, QueueLimits
from workers.consumer.linger import EngineLinger, NoLinger
from workers.consumer.memory_lease import MemoryBroker
from workers.consumer.memory_queue import MemoryInferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.run import Runner
from workers.consumer.task_events import NoEvents
from workers.engines.cost import CostModel


class LateRedis(MemoryInferenceQueue):
    """A queue that is not there for the first few heartbeats."""

    absences = 1

    def heartbeat(self, status: WorkerStatus) -> None:
        if self.absences:
            self.absences -= 1
            raise QueueUnavailable("not there yet")
        super().heartbeat(status)


class Nothing:
    """A preparer and a completer that never have anything to do."""

    def prepare(self, leases: Sequence[Lease]) -> list[PreparedJob[ChatJob]]:
        return []

    def dead_letter(self, lease: Lease, reason: str, trace: str | None = None) -> None:
        raise AssertionError("nothing to bury")

    def put(self, ran: BatchResult[ChatJob]) -> None:
        raise AssertionError("nothing ran")

    def run(self) -> None:
        return

    def close(self) -> None:
        return


def drain_over(queue: MemoryInferenceQueue) -> BatchConsumer[ChatJob]:
    clock, stopping, idle = ManualClock(), threading.Event(), Nothing()
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 1_024), capacity=8)
    return BatchConsumer(
        Parts(
            identity=WorkerIdentity("w", keys.INFERENCE, "fake", clock.now()),
            queue=queue,
            pool=pool,
            fetcher=Fetcher(queue, pool, NoLinger()),
            pace=EngineLinger(clock, CostModel(0.0, 0.0)),
            preparer=idle,
            runner=Runner(PoisonableEngine(), clock),
            completer=idle,
            events=NoEvents(),
            counters=Counters(),
            retry_policy=RetryPolicy(stopping),
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
