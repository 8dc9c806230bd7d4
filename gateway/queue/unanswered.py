"""Finds messages that no worker has answered, wherever they lie.

Neither a user nor a conversation has an index of them: accepting a message would cost more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import redis

from shared import keys
from shared.errors import MalformedMessage
from shared.jobs import ChatJob
from shared.wire import read_chat_job

KEYS_A_SCAN = 1_000
_PARKED = keys.lane_waiting("").encode()
_HANDED_TO_WORKERS = keys.handoff("").encode()
_KEPT_BY_WORKERS = (keys.quarantine("").encode(), _HANDED_TO_WORKERS)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A job and its message; `queue` is the list to take it from, None for what is no queue."""

    job: ChatJob
    raw: bytes
    queue: bytes | None


def find_unanswered(
    client: "redis.Redis", is_wanted: Callable[[ChatJob], bool], now: float
) -> Iterator[Unanswered]:
    """Look through all places, in the order in which a message goes from one to the next."""
    for queue, raw in _messages(client):
        try:
            job = read_chat_job(raw, now)
        except MalformedMessage:
            continue
        if is_wanted(job):
            yield Unanswered(job, raw, queue)


def queue_lists(client: "redis.Redis", queue: str) -> list[bytes]:
    """Return the lists of a queue: each tenant's and priority's, whatever its prefix."""
    return [name for name in _lists(client) if _is_of(queue, name)]


def read_list(client: "redis.Redis", name: bytes) -> list[bytes]:
    """Return all that a list holds."""
    return cast("list[bytes]", client.lrange(cast("str", name), 0, -1))


def take_off(client: "redis.Redis", queue: bytes, raw: bytes) -> None:
    """Take a message off a list; workers are still woken for what waits in other lists."""
    name = queue.decode(errors="replace")
    with client.pipeline(transaction=True) as step:
        if queue.startswith(_HANDED_TO_WORKERS):  # with it the worker was woken
            step.linsert(name, "BEFORE", cast("str", raw), keys.WAKE)
        step.lrem(cast("str", queue), 1, cast("str", raw))
        if name in keys.QUEUES:
            step.lrem(name, 0, keys.WAKE)
            step.rpush(name, keys.WAKE)
        step.execute()


def _messages(client: "redis.Redis") -> Iterator[tuple[bytes | None, bytes]]:
    yield from _held(client, keys.scheduled_messages("*"))
    lists = list(_lists(client))
    for name in (each for each in lists if each.startswith(_PARKED)):
        yield from ((None, parked.partition(b"\n")[2]) for parked in read_list(client, name))
    for name in sorted(lists, key=_is_kept_by_worker):
        if _is_of(keys.INFERENCE, name) or _is_kept_by_worker(name):
            yield from ((name, raw) for raw in read_list(client, name))
    yield from _held(client, keys.lease("*"))
    for queue in keys.RETURN_QUEUES:  # it is held, handed over, and held by another worker
        for name in queue_lists(client, queue):
            yield from ((name, raw) for raw in read_list(client, name))
    yield from _held(client, keys.lease("*"))


def _held(client: "redis.Redis", pattern: str) -> Iterator[tuple[None, bytes]]:
    for name in client.scan_iter(pattern, KEYS_A_SCAN):
        yield from ((None, raw) for raw in cast("list[bytes]", client.hvals(name)))


def _lists(client: "redis.Redis") -> Iterator[bytes]:
    return cast("Iterator[bytes]", client.scan_iter(None, KEYS_A_SCAN, _type="list"))


def _is_kept_by_worker(name: bytes) -> bool:
    return name.startswith(_KEPT_BY_WORKERS)


def _is_of(queue: str, name: bytes) -> bool:
    return queue.encode() in name and not name.startswith(b"parley:")
