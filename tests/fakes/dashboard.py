"""A dashboard's history, held in memory."""

from gateway.dashboard.live import LiveStatus
from gateway.dashboard.sample import Sample
from shared.errors import QueueUnavailable


class FakeHistory:
    """Hold what is recorded, or what a test puts in; a test says who samples."""

    def __init__(self) -> None:
        self.sampler: str | None = None
        self.seconds: list[Sample] = []
        self.minutes: list[Sample] = []
        self.seen: LiveStatus | None = None
        self.available = True

    def elect(self, sampler_id: str) -> bool:
        self.sampler = self.sampler or sampler_id
        return self.sampler == sampler_id

    def record(
        self, sampler_id: str, seen: LiveStatus, of_seconds: Sample | None, minute: Sample | None
    ) -> bool:
        if self.sampler != sampler_id:
            return False
        self.seen = seen
        self.seconds += [of_seconds] if of_seconds else []
        self.minutes += [minute] if minute else []
        return True

    def seconds_since(self, at: float, now: float) -> list[Sample]:
        return self._since(self.seconds, at)

    def minutes_since(self, at: float, now: float) -> list[Sample]:
        return self._since(self.minutes, at)

    def last_seen(self) -> LiveStatus | None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
        return self.seen

    def _since(self, samples: list[Sample], at: float) -> list[Sample]:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
        return [sample for sample in samples if sample.at > at]
