"""What editors accept into a base, until it stands in its files: the interface, and its adapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.drafts import Draft, DraftOutcome
from shared.errors import DraftsFull

_encode = msgspec.json.Encoder().encode
_draft = msgspec.json.Decoder(Draft)
_outcome = msgspec.json.Decoder(DraftOutcome)


@dataclass(frozen=True, slots=True)
class KnownDraft:
    """A draft, and what a worker made of it as it is now; None: none has taken it in yet."""

    draft: Draft
    outcome: DraftOutcome | None


class Drafts(Protocol):
    """List and change a tenant's drafts; all methods raise QueueUnavailable."""

    def all_of(self, tenant: str) -> Sequence[KnownDraft]:
        """Return them, the newest first."""

    def put(self, tenant: str, draft: Draft) -> None:
        """Keep one, in place of that with its id; DraftsFull if there are too many."""

    def remove(self, tenant: str, draft_id: str) -> bool:
        """Take one back, and let its gaps be gaps again; False if there is none of this id."""

    def settle(self, tenant: str, gaps: Sequence[str], at: float) -> None:
        """Note wordings (digests) that are no gap any more."""


class RedisDrafts:
    """Write a tenant's hash, and the number by which workers notice a change."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def all_of(self, tenant: str) -> Sequence[KnownDraft]:
        """Read both hashes at once."""
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            step.hvals(keys.drafts(tenant))
            step.hgetall(keys.draft_outcomes(tenant))
            drafts, outcomes = step.execute()
        found = [_known(_draft.decode(each), outcomes) for each in drafts]
        return sorted(found, key=lambda known: (-known.draft.at, known.draft.id))

    def put(self, tenant: str, draft: Draft) -> None:
        """Write it, the number and the settled wordings in one step."""
        key = keys.drafts(tenant)
        with queue_errors():
            if not self._client.hexists(key, draft.id) and self._is_full(key):
                raise DraftsFull(f"{keys.MAX_DRAFTS} drafts wait to be written into files.")
            with self._client.pipeline(transaction=True) as step:
                step.hset(key, draft.id, cast("str", _encode(draft)))
                step.hincrby(keys.DRAFT_VERSIONS, tenant)
                _settle(step, tenant, draft.gaps, draft.at)
                step.execute()

    def remove(self, tenant: str, draft_id: str) -> bool:
        """Drop it and what was settled with it."""
        with queue_errors():
            stored = cast("bytes | None", self._client.hget(keys.drafts(tenant), draft_id))
            if stored is None:
                return False
            with self._client.pipeline(transaction=True) as step:
                step.hdel(keys.drafts(tenant), draft_id)
                step.hincrby(keys.DRAFT_VERSIONS, tenant)
                if gaps := _draft.decode(stored).gaps:
                    step.zrem(keys.settled_gaps(tenant), *gaps)
                step.execute()
        return True

    def forget(self, tenant: str, draft_ids: Sequence[str]) -> None:
        """Drop what files hold by now; what it settled stays settled."""
        if not draft_ids:
            return
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            step.hdel(keys.drafts(tenant), *draft_ids)
            step.hincrby(keys.DRAFT_VERSIONS, tenant)
            step.execute()

    def settle(self, tenant: str, gaps: Sequence[str], at: float) -> None:
        """Add to the sorted set."""
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            _settle(step, tenant, gaps, at)
            step.execute()

    def _is_full(self, key: str) -> bool:
        return self._client.hlen(key) >= keys.MAX_DRAFTS


def _settle(step: "redis.client.Pipeline", tenant: str, gaps: Sequence[str], at: float) -> None:
    if not gaps:
        return
    key = keys.settled_gaps(tenant)
    step.zadd(key, dict.fromkeys(gaps, at))
    step.zremrangebyrank(key, 0, -keys.MAX_SETTLED_GAPS - 1)
    step.expire(key, keys.REPORT_TTL_SECONDS)


def _known(draft: Draft, outcomes: Mapping[bytes, bytes]) -> KnownDraft:
    stored = outcomes.get(draft.id.encode())
    outcome = _outcome.decode(stored) if stored else None
    is_of_it = outcome is not None and outcome.draft_at == draft.at
    return KnownDraft(draft, outcome if is_of_it else None)
