"""What editors do, as a worker meets it: drafts and gaps that a test puts in."""

from collections.abc import Callable, Mapping

from shared.drafts import Draft
from shared.errors import QueueUnavailable
from shared.gap_groups import GapGroups
from workers.drafts import DraftsByTenant, Outcomes
from workers.gaps import Gap


class FakeDraftSource:
    """Hold the drafts of tenants, and what was told of them."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Draft]] = {}
        self.told: Mapping[str, Outcomes] = {}
        self.asking: Callable[[], None] = lambda: None  # what asking Redis comes to
        self._taken: object = {}
        self._read: object = {}

    def changed(self) -> bool:
        self.asking()
        return self.kept != self._taken

    def read(self) -> DraftsByTenant:
        self._read = {tenant: list(own) for tenant, own in self.kept.items()}
        return self.kept

    def take(self, outcomes: Mapping[str, Outcomes]) -> None:
        self._taken, self.told = self._read, outcomes


class FakeGapStore:
    """Hold gaps of tenants, and the groups that were made of them."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Gap]] = {}
        self.asked: list[str] = []
        self.made: dict[str, GapGroups] = {}
        self.available = True

    def wanted(self) -> str | None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
        return self.asked.pop() if self.asked else None

    def source(self, tenant: str) -> str:
        return str(len(self.kept.get(tenant, ())))

    def read(self, tenant: str) -> list[Gap]:
        return self.kept.get(tenant, [])

    def groups(self, tenant: str) -> GapGroups | None:
        return self.made.get(tenant)

    def put(self, tenant: str, groups: GapGroups) -> None:
        self.made[tenant] = groups
