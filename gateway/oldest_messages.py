"""How long the oldest message of each queue has waited, as the heads of its lists say."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import redis

from gateway.waiting_tenants import other_tenants
from shared import keys
from shared.queue_lists import QueueLists
from shared.task_fields import END_OF_TIME

_Seen = tuple[int, float]  # hash of a message, Unix time at which it was first seen


class _Envelope(msgspec.Struct):
    headers: dict[str, Any]


_decode = msgspec.json.Decoder(_Envelope).decode


class OldestMessages:
    """Look at the message that is next in each list, of every tenant.

    A gateway writes into a message when it was accepted; other clients don't say, so their
    message's wait begins when it is first seen at the head of its list. A message that is not to
    run before a time has not waited before it.
    """

    def __init__(
        self, client: "redis.Redis", lists: QueueLists, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._lists = lists
        self._now = now
        self._seen: Mapping[str, _Seen] = {}

    def ages(self) -> Mapping[str, float]:
        """Return seconds by queue, 0 if none waits; raises what redis-py does."""
        names = {
            queue: [*self._lists.of(queue), *(keys.flow(queue, tenant) for tenant in others)]
            for queue, others in other_tenants(self._client).items()
        }
        heads = self._heads([name for of_queue in names.values() for name in of_queue])
        now = self._now()
        seen = {name: self._first_seen(name, head, now) for name, head in heads.items()}
        self._seen = seen
        age = {name: _age(head, seen[name][1], now) for name, head in heads.items()}
        return {
            queue: max((age[name] for name in of_queue if name in age), default=0.0)
            for queue, of_queue in names.items()
        }

    def _heads(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return what is next in each list that has something but the word that wakes."""
        with self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.lrange(name, -2, -1)
            lists = cast("list[list[bytes]]", pipeline.execute())
        wake = keys.WAKE.encode()
        messages = {
            name: [message for message in found if message != wake]
            for name, found in zip(names, lists, strict=True)
        }
        return {name: found[-1] for name, found in messages.items() if found}

    def _first_seen(self, name: str, head: bytes, now: float) -> _Seen:
        digest = hash(head)
        before = self._seen.get(name)
        return before if before and before[0] == digest else (digest, now)


def _age(head: bytes, seen_at: float, now: float) -> float:
    return max(0.0, now - max(_written_times(head) or [seen_at]))


def _written_times(message: bytes) -> Sequence[float]:
    """Return when it was accepted and from when on it may run, as far as it says so."""
    try:
        headers = _decode(message).headers
        eta = headers.get("eta")
        times = [headers.get("parley_accepted_at")]
        times += [_unix(datetime.fromisoformat(eta))] if isinstance(eta, str) else []
    except (msgspec.DecodeError, ValueError, OverflowError):
        return ()
    return [each for each in times if isinstance(each, float) and 0 <= each < END_OF_TIME]


def _unix(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
