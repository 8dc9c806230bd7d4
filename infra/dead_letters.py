"""Dead letters in Redis: read them, put them back on their queue, drop them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.message_headers import ACCEPTED_AT, DRAFT, FIRST_LOOK, GATEWAY, TRANSLATION
from shared.partitions import Partitions
from shared.scripts import register_script
from workers.consumer.lease_queue import DeadLetter


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A dead letter and its JSON in Redis; `name` is its job id or, if it has none, a digest.

    `partition` says where it lies, if there are several.
    """

    name: str
    letter: DeadLetter
    record: bytes
    partition: int = 0

    @property
    def tenant(self) -> str:
        """Return whose message it is; the default tenant's if nothing says so."""
        return tenants.tenant_of(self.letter.id or "")


class DeadLetterBox:
    """The list of dead letters, newest first."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._retry = register_script(client, "retry_dead_letter.lua")

    def read(self) -> list[StoredDeadLetter]:
        """Return every letter, newest first; what is no dead letter is left out."""
        with queue_errors():
            records = self._redis.lrange(keys.DEAD_LETTERS, 0, -1)
        return list(_decode(cast("list[bytes]", records)))

    def retry(self, stored: StoredDeadLetter) -> bool:
        """Put the message back at the tail of its queue; False if the letter is gone by now."""
        letter = stored.letter
        leftovers = _leftovers(letter)
        with queue_errors():
            moved = self._retry(
                keys=[keys.DEAD_LETTERS, letter.queue, *leftovers],
                args=[stored.record, revive(letter.raw, letter.queue), _flow_of(letter)],
            )
        return bool(moved)

    def drop(self, stored: StoredDeadLetter) -> bool:
        """Delete the letter; False if it is gone by now."""
        with queue_errors():
            return bool(self._redis.lrem(keys.DEAD_LETTERS, 1, stored.record.decode()))


class PartitionedDeadLetterBox:
    """The lists of all partitions as one, newest first."""

    def __init__(self, partitions: Partitions) -> None:
        self._boxes = partitions.each(DeadLetterBox)

    def read(self) -> list[StoredDeadLetter]:
        """Return every letter, newest first."""
        if len(self._boxes) == 1:
            return self._boxes[0].read()
        found = [
            replace(stored, partition=index)
            for index, box in enumerate(self._boxes)
            for stored in box.read()
        ]
        return sorted(found, key=lambda stored: -stored.letter.at)

    def retry(self, stored: StoredDeadLetter) -> bool:
        """Put the message back at the tail of its queue."""
        return self._boxes[stored.partition].retry(stored)

    def drop(self, stored: StoredDeadLetter) -> bool:
        """Delete the letter."""
        return self._boxes[stored.partition].drop(stored)


def revive(raw: bytes, queue: str) -> bytes:
    """Return a message for its queue without deadline, eta, time of acceptance and gateway.

    Its deadline has passed and its gateway has answered long ago. What was handed over with it is
    of use to those workers alone; all others decide anew. A message that is no JSON object is
    returned unchanged.
    """
    try:
        envelope = msgspec.json.decode(raw, type=dict[str, Any])
        headers = dict(envelope["headers"])
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError):
        return raw
    stale = ["expires", "eta", ACCEPTED_AT, GATEWAY]
    stale += [] if queue == keys.INFERENCE_LARGE else [FIRST_LOOK]
    stale += [] if queue == keys.GENERATION else [DRAFT, TRANSLATION]
    for name in stale:
        headers.pop(name, None)
    return msgspec.json.encode(envelope | {"headers": headers})


def _decode(records: list[bytes]) -> Iterator[StoredDeadLetter]:
    for record in records:
        try:
            letter = msgspec.json.decode(record, type=DeadLetter)
        except (msgspec.DecodeError, ValueError):
            continue
        yield StoredDeadLetter(
            tenants.shown(letter.id)
            if letter.id
            else hashlib.sha1(record, usedforsecurity=False).hexdigest()[:12],
            letter,
            record,
        )


def _flow_of(letter: DeadLetter) -> str:
    """Return the tenant in whose flow a message waits; only these queues have any but one."""
    in_flows = letter.id and letter.queue in (keys.INFERENCE, keys.SENTIMENT, keys.GENERATION)
    return tenants.tenant_of(letter.id or "") if in_flows else tenants.DEFAULT_TENANT


def _leftovers(letter: DeadLetter) -> list[str]:
    """Name the keys that would end a new attempt or count against it."""
    if letter.queue == keys.FOLLOW_UPS:
        return []  # the job itself has ended
    if letter.id is None:
        return [keys.redelivered(hashlib.sha1(letter.raw, usedforsecurity=False).hexdigest())]
    return [keys.result(letter.id), keys.job(letter.id), keys.redelivered(letter.id)]
