"""What operators look at, held in memory and set by a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.storage import Storage
from shared import keys
from shared.errors import QueueUnavailable
from shared.worker_status import WorkerStatus


class FakeTraffic:
    """Hold the fields that a test puts in."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}
        self.of_others: dict[str, dict[str, int]] = {}
        self.days: dict[str, dict[str, dict[str, int]]] = {}

    def tenants(self) -> Sequence[str]:
        return ("default", *self.of_others)

    def today(self, of_tenants: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        counted = {"default": self.counted, **self.of_others}
        return {tenant: counted.get(tenant, {}) for tenant in of_tenants}

    def of_day(self, day: str, of_tenants: Sequence[str]) -> Mapping[str, Mapping[bytes, bytes]]:
        counted = self.days.get(day, {})
        return {tenant: _as_stored(counted.get(tenant, {})) for tenant in of_tenants}


def _as_stored(counted: Mapping[str, int]) -> Mapping[bytes, bytes]:
    return {field.encode(): str(amount).encode() for field, amount in counted.items()}


STORED = Storage(1, 2, 3, dict.fromkeys(keys.QUEUES, 0), 5_000_000, 9_000_000)


@dataclass
class FakeHealth:
    """Report what a test has set."""

    live: list[WorkerStatus] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(keys.QUEUES, 0))
    tenants: dict[str, int] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, float] = field(default_factory=dict)
    stored: Storage = field(default=STORED)
    available: bool = True

    def foreign_lists(self) -> Mapping[str, int]:
        self._require_availability()
        return self.foreign

    def workers(self) -> Sequence[WorkerStatus]:
        self._require_availability()
        return self.live

    def backlogs(self) -> Mapping[str, Mapping[str, int]]:
        self._require_availability()
        return {
            queue: {"default": messages, **self.tenants} for queue, messages in self.waiting.items()
        }

    def oldest_seconds(self) -> Mapping[str, float]:
        self._require_availability()
        return {queue: self.oldest.get(queue, 0.0) for queue in self.waiting}

    def storage(self) -> Storage:
        self._require_availability()
        return self.stored

    def _require_availability(self) -> None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
