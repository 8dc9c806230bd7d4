"""How much work waits on each queue: the figure by which pools of workers are scaled."""

from collections.abc import Mapping, Sequence

from shared import keys
from shared.worker_status import WorkerStatus

# Where nothing is known: of a worker that does not say, and of the first one while none lives.
ASSUMED_PER_SECOND = 10.0


def work_seconds(waiting: Mapping[str, int], workers: Sequence[WorkerStatus]) -> dict[str, float]:
    """Return by queue how long its live workers need for the messages that wait.

    Of `inference-large` the second looks count too that were turned away lately: they never wait.
    Paused workers don't count; without a worker one is assumed.
    """
    return {
        queue: (messages + _turned_away(queue, workers)) / _per_second(queue, workers)
        for queue, messages in waiting.items()
    }


def _turned_away(queue: str, workers: Sequence[WorkerStatus]) -> float:
    if queue != keys.INFERENCE_LARGE:
        return 0.0
    return sum(worker.looks_turned_away for worker in workers)


def _per_second(queue: str, workers: Sequence[WorkerStatus]) -> float:
    paces = [
        worker.loaded_per_second or ASSUMED_PER_SECOND
        for worker in workers
        if worker.queue == queue and not worker.paused
    ]
    return sum(paces) or ASSUMED_PER_SECOND
