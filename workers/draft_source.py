"""Where a worker finds what editors have accepted: the interface, and its adapter to Redis."""

import logging
from collections.abc import Mapping
from typing import Protocol, cast

import redis

from shared import keys
from shared.connection import queue_errors
from shared.drafts import Draft, decode_drafts, encode
from shared.errors import QueueUnavailable
from workers.drafts import DraftsByTenant, Outcomes

_log = logging.getLogger(__name__)


class DraftSource(Protocol):
    """Drafts of all tenants. No method raises: without Redis, what was read last holds."""

    def changed(self) -> bool:
        """Say whether there are others than those that were taken."""

    def read(self) -> DraftsByTenant:
        """Return them all."""

    def take(self, outcomes: Mapping[str, Outcomes]) -> None:
        """Note that those read last are in use, and tell what became of each."""


class NoDrafts:
    """None, and nobody to tell."""

    def changed(self) -> bool:
        """Return False."""
        return False

    def read(self) -> DraftsByTenant:
        """Return none."""
        return {}

    def take(self, outcomes: Mapping[str, Outcomes]) -> None:
        """Do nothing."""


class RedisDraftSource:
    """Compare a small hash of numbers; read drafts only when one of them has changed."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._taken: Mapping[bytes, bytes] | None = None
        self._read: Mapping[bytes, bytes] | None = None
        self._drafts: DraftsByTenant = {}

    def changed(self) -> bool:
        """Ask for the numbers."""
        try:
            return self._versions() != self._taken
        except QueueUnavailable:
            return False

    def read(self) -> DraftsByTenant:
        """Read the drafts of each tenant that has a number."""
        try:
            versions = self._versions()
            found = {name.decode(): self._drafts_of(name.decode()) for name in versions}
        except QueueUnavailable as fault:
            _log.warning("what editors accepted cannot be read now: %s", fault)
            return self._drafts
        self._read, self._drafts = versions, found
        return found

    def take(self, outcomes: Mapping[str, Outcomes]) -> None:
        """Write what became of them for the desk."""
        try:
            with queue_errors(), self._client.pipeline(transaction=True) as step:
                for tenant, own in outcomes.items():
                    key = keys.draft_outcomes(tenant)
                    step.delete(key)
                    if own:
                        step.hset(key, mapping={name: encode(each) for name, each in own.items()})
                step.execute()
        except QueueUnavailable:
            return  # it is tried again: they still count as changed
        self._taken = self._read

    def _versions(self) -> Mapping[bytes, bytes]:
        with queue_errors():
            return cast("Mapping[bytes, bytes]", self._client.hgetall(keys.DRAFT_VERSIONS))

    def _drafts_of(self, tenant: str) -> list[Draft]:
        with queue_errors():
            found = cast("Mapping[bytes, bytes]", self._client.hgetall(keys.drafts(tenant)))
        drafts = decode_drafts(found.values())
        if unread := len(found) - len(drafts):
            _log.warning("%d drafts of %s are of a version that cannot be read", unread, tenant)
        return drafts
