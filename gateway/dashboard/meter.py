"""Turns what was observed into samples: what was counted between two observations."""

from collections import deque
from collections.abc import Sequence

from gateway.dashboard.live import LiveStatus, live_status
from gateway.dashboard.observation import Observation
from gateway.dashboard.sample import FORMAT, STAGES, PoolSample, Sample
from gateway.dashboard.tally import Tally, added, ends
from gateway.dashboard.traffic_meter import TrafficMeter
from gateway.dashboard.worker_meter import Work, WorkerMeter
from shared import keys
from shared.histograms import STAGE_BOUNDS_SECONDS

MAX_SECONDS = 30.0  # between two observations; what happened in a longer time is a gap
_SETTLED_SAMPLES = 5  # beyond a round of the tenants nothing turns out to be counted too early
_ANSWERING = frozenset((keys.INFERENCE, keys.INFERENCE_LARGE, keys.GENERATION))
_NO_TIMES: Tally = (0,) * (len(STAGE_BOUNDS_SECONDS) + 1)


class Meter:
    """Compare each observation with the one before."""

    def __init__(self, traffic: TrafficMeter) -> None:
        self._traffic = traffic
        self._workers = WorkerMeter()
        self._last: Observation | None = None
        self._overdrawn = 0
        self._shown: deque[int] = deque()  # the arrivals of late

    def begin_anew(self) -> None:
        """Forget the last observation: others have sampled since."""
        self._last = None

    def measure(self, now: Observation) -> tuple[Sample | None, LiveStatus]:
        """Return what was counted since the last observation, and who works now.

        There is no sample of the first one, nor after a gap. Raises QueueUnavailable.
        """
        last, seconds = self._last, now.at - self._last.at if self._last else 0.0
        if last is None or not 0 < seconds <= MAX_SECONDS:
            self._traffic.begin(now.at)
            self._workers = WorkerMeter()
            self._last, self._overdrawn = now, 0
            self._shown.clear()
            return None, live_status(now, self._workers.advance(now.workers, now.at), 0.0)
        counts = self._traffic.advance(now.at)
        work = self._workers.advance(now.workers, now.at)
        self._last = now
        arrivals = self._arrivals(ends(counts), now.unfinished - last.unfinished)
        return _sample(now, seconds, arrivals, counts, work), live_status(now, work, seconds)

    def _arrivals(self, ended: int, more_unfinished: int) -> int:
        """Return what came in: what ended, and what there is more of. Nothing has to count it.

        Not all is read at one instant. What was counted too early is taken off the next sample. No
        more is than was counted lately: where more vanishes, a queue was emptied.
        """
        arrivals = ended + more_unfinished + self._overdrawn
        self._overdrawn = max(min(0, arrivals), -sum(self._shown))
        self._shown.append(max(0, arrivals))
        while len(self._shown) > _SETTLED_SAMPLES + self._traffic.looks_a_round:
            self._shown.popleft()
        return self._shown[-1]


def _sample(
    now: Observation, seconds: float, arrivals: int, counts: Tally, work: Sequence[Work]
) -> Sample:
    wanted, handed, made = (
        round(sum(each.counted(f"second_looks_{name}") for each in work))
        for name in ("asked", "handed", "done")
    )
    return Sample(
        format=FORMAT,
        at=round(now.at),
        seconds=round(seconds, 1),
        arrivals=arrivals,
        counts=counts,
        pools=tuple(_pool(now, queue, work, seconds) for queue in keys.QUEUES),
        stages=_stages(work),
        looks=(wanted, handed, made),
        handovers_open=now.handovers.open,
        handovers_claimed=now.handovers.claimed,
        dead_letters=now.dead_letters,
    )


def _pool(now: Observation, queue: str, work: Sequence[Work], seconds: float) -> PoolSample:
    own = [each for each in work if each.status.queue == queue]
    return PoolSample(
        waiting=now.waiting.get(queue, 0),
        oldest_seconds=round(now.oldest_seconds.get(queue, 0.0), 1),
        workers=sum(not each.status.paused for each in own),
        messages=round(sum(each.counted("messages") for each in own)),
        batches=round(sum(each.counted("batches") for each in own)),
        engine_seconds=round(sum(each.counted("engine_seconds") for each in own), 2),
        worker_seconds=round(len(own) * seconds, 1),
    )


def _stages(work: Sequence[Work]) -> tuple[Tally, ...]:
    sums: list[Tally] = [_NO_TIMES] * len(STAGES)
    for each in work:
        if each.status.queue in _ANSWERING:
            sums = list(map(added, sums, each.stages))
    return tuple(sums)
