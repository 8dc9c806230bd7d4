"""What editors accept into a base, until it stands in its files: the interface, and its adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import redis
from redis.client import Pipeline

from shared import keys
from shared.connection import queue_errors
from shared.drafts import Draft, DraftOutcome, decode_drafts, decode_outcome, encode
from shared.errors import DraftsFull


@dataclass(frozen=True, slots=True)
class KnownDraft:
    """A draft, and what a worker made of it as it is now; None: none has taken it in yet."""

    draft: Draft
    outcome: DraftOutcome | None


class Drafts(Protocol):
    """List and change a tenant's drafts; all methods raise QueueUnavailable."""

    def all_of(self, tenant: str) -> Sequence[KnownDraft]:
        """Return them, the newest first."""

    def add(self, tenant: str, draft: Draft) -> None:
        """Keep one; DraftsFull if there are too many."""

    def change(self, tenant: str, draft: Draft) -> bool:
        """Keep one in place of that with its id; False if there is none."""

    def remove(self, tenant: str, draft_id: str) -> bool:
        """Take one back, and let its gaps be gaps again; False if there is none of this id."""

    def settle(self, tenant: str, gaps: Sequence[str], at: float) -> None:
        """Note wordings (digests) that are no gap any more."""


class RedisDrafts:
    """Write a tenant's hash, and the number by which workers notice a change.

    What a change depends on is watched: if others change it meanwhile, it is looked at again.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def all_of(self, tenant: str) -> Sequence[KnownDraft]:
        """Read both hashes at once."""
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            step.hvals(keys.drafts(tenant))
            step.hgetall(keys.draft_outcomes(tenant))
            drafts, outcomes = step.execute()
        found = [_known(each, outcomes) for each in decode_drafts(drafts)]
        return sorted(found, key=lambda known: (-known.draft.at, known.draft.id))

    def add(self, tenant: str, draft: Draft) -> None:
        """Write it, the number and the settled wordings in one step."""

        def step(pipe: Pipeline) -> bool:
            if pipe.hlen(keys.drafts(tenant)) >= keys.MAX_DRAFTS:
                raise DraftsFull(f"{keys.MAX_DRAFTS} drafts wait to be written into files.")
            _write(pipe, tenant, draft)
            return True

        self._watching(tenant, step)

    def change(self, tenant: str, draft: Draft) -> bool:
        """Write it as `add` does, unless it has gone."""

        def step(pipe: Pipeline) -> bool:
            if not pipe.hexists(keys.drafts(tenant), draft.id):
                return False
            _write(pipe, tenant, draft)
            return True

        return self._watching(tenant, step)

    def remove(self, tenant: str, draft_id: str) -> bool:
        """Drop it and what was settled with it."""

        def step(pipe: Pipeline) -> bool:
            stored = cast("bytes | None", pipe.hget(keys.drafts(tenant), draft_id))
            if stored is None:
                return False
            _drop(pipe, tenant, [draft_id])
            if gaps := [gap for draft in decode_drafts([stored]) for gap in draft.gaps]:
                pipe.zrem(keys.settled_gaps(tenant), *gaps)
            return True

        return self._watching(tenant, step)

    def forget(self, tenant: str, drafts: Sequence[Draft]) -> None:
        """Drop what files hold by now; what it settled stays settled.

        A draft that was changed since it was written into files stays.
        """

        def step(pipe: Pipeline) -> bool:
            stored = cast("list[bytes]", pipe.hvals(keys.drafts(tenant)))
            _drop(pipe, tenant, [each.id for each in decode_drafts(stored) if each in drafts])
            return True

        self._watching(tenant, step)

    def settle(self, tenant: str, gaps: Sequence[str], at: float) -> None:
        """Add to the sorted set."""
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            _settle(step, tenant, gaps, at)
            step.execute()

    def _watching(self, tenant: str, step: Callable[[Pipeline], bool]) -> bool:
        with queue_errors():
            done = self._client.transaction(
                cast("Callable[[Pipeline], None]", step),
                keys.drafts(tenant),
                value_from_callable=True,
            )
        return bool(done)


def _write(pipe: Pipeline, tenant: str, draft: Draft) -> None:
    pipe.multi()
    pipe.hset(keys.drafts(tenant), draft.id, cast("str", encode(draft)))
    pipe.hincrby(keys.DRAFT_VERSIONS, tenant)
    _settle(pipe, tenant, draft.gaps, draft.at)


def _drop(pipe: Pipeline, tenant: str, draft_ids: Sequence[str]) -> None:
    pipe.multi()
    if draft_ids:
        pipe.hdel(keys.drafts(tenant), *draft_ids)
        pipe.hincrby(keys.DRAFT_VERSIONS, tenant)


def _settle(pipe: Pipeline, tenant: str, gaps: Sequence[str], at: float) -> None:
    if not gaps:
        return
    key = keys.settled_gaps(tenant)
    pipe.zadd(key, dict.fromkeys(gaps, at))
    pipe.zremrangebyrank(key, 0, -keys.MAX_SETTLED_GAPS - 1)
    pipe.expire(key, keys.REPORT_TTL_SECONDS)


def _known(draft: Draft, outcomes: Mapping[bytes, bytes]) -> KnownDraft:
    stored = outcomes.get(draft.id.encode())
    outcome = decode_outcome(stored) if stored else None
    is_of_it = outcome is not None and outcome.draft_at == draft.at
    return KnownDraft(draft, outcome if is_of_it else None)
