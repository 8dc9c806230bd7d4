"""What every step of a worker may use, and nothing else."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.clock import Clock, SystemClock
from workers.consumer.counters import Counters
from workers.consumer.failover import Failover
from workers.consumer.histograms import StageTimes
from workers.consumer.task_events import NoEvents, TaskEvents
from workers.consumer.traces import NoTraces, Traces


def _never(_task_id: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """One worker process: its name, how it is observed, and whether it stops.

    `is_revoked` says whether a client has revoked a task through Celery's remote control.
    """

    worker_id: str
    events: TaskEvents = field(default_factory=NoEvents)
    counters: Counters = field(default_factory=Counters)
    stage_times: StageTimes = field(default_factory=StageTimes)
    clock: Clock = field(default_factory=SystemClock)
    stopping: threading.Event = field(default_factory=threading.Event)
    is_revoked: Callable[[str], bool] = _never
    failover: Failover = field(default_factory=Failover)
    traces: Traces = field(default_factory=NoTraces)
