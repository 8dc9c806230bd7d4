"""Dead letters in Redis: read them, put them back on their queue, drop them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from workers.consumer.lease_queue import DeadLetter

# One record leaves the list and its message goes to the tail of its queue, both or neither. What
# the job's first end left behind goes too: a stored result would end the new attempt unread.
_RETRY = """
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('LPUSH', KEYS[2], ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class BoxedLetter:
    """A dead letter and the record it lies in; `name` is its job id or, without one, a digest."""

    name: str
    letter: DeadLetter
    record: bytes


class DeadLetterBox:
    """The list of dead letters, newest first."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._retry = client.register_script(_RETRY)

    def read(self) -> list[BoxedLetter]:
        """Return every letter, newest first; a record that is not one is left out."""
        with queue_errors():
            records = self._redis.lrange(keys.DEAD_LETTERS, 0, -1)
        return list(_letters(cast("list[bytes]", records)))

    def retry(self, boxed: BoxedLetter) -> bool:
        """Put the message back at the tail of its queue; False if somebody else has taken it."""
        letter = boxed.letter
        leftovers = _leftovers(letter)
        with queue_errors():
            moved = self._retry(
                keys=[keys.DEAD_LETTERS, letter.queue, *leftovers],
                args=[boxed.record, revive(letter.raw)],
            )
        return bool(moved)

    def drop(self, boxed: BoxedLetter) -> bool:
        """Throw the letter away; False if somebody else has taken it."""
        with queue_errors():
            return bool(self._redis.lrem(keys.DEAD_LETTERS, 1, boxed.record.decode()))


def revive(raw: bytes) -> bytes:
    """Return a message as one that was sent just now by somebody who waits for no gateway.

    Its deadline has passed and its gateway has answered long ago. A message that is no JSON object
    stays as it is.
    """
    try:
        envelope = msgspec.json.decode(raw, type=dict[str, Any])
        headers = dict(envelope["headers"])
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError):
        return raw
    for name in ("expires", "parley_accepted_at", "parley_gateway"):
        headers.pop(name, None)
    return msgspec.json.encode(envelope | {"headers": headers})


def _letters(records: list[bytes]) -> Iterator[BoxedLetter]:
    for record in records:
        try:
            letter = msgspec.json.decode(record, type=DeadLetter)
        except (msgspec.DecodeError, ValueError):
            continue
        yield BoxedLetter(
            letter.id or hashlib.sha1(record, usedforsecurity=False).hexdigest()[:12],
            letter,
            record,
        )


def _leftovers(letter: DeadLetter) -> list[str]:
    """Name the keys that would stop or count against a new attempt."""
    if letter.id is None:
        return [keys.redelivered(hashlib.sha1(letter.raw, usedforsecurity=False).hexdigest())]
    return [keys.result(letter.id), keys.job(letter.id), keys.redelivered(letter.id)]
