"""Lists that look as if they were meant for Parley's queues, and that nobody serves."""

import re
from collections.abc import Iterator, Mapping
from typing import cast

import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.queue_lists import QueueLists

_MEANT = re.compile(rf".{{0,100}}(?:{'|'.join(keys.QUEUES)})(?:\D{{1,16}}[0-9])?\Z", re.DOTALL)
_KEYS_A_LOOK = 1_000
_MAX_FOUND = 100


class ForeignLists:
    """Finds them, some keys at a time."""

    def __init__(self, client: "redis.Redis", lists: QueueLists) -> None:
        self._client = client
        self._served = lists.all()
        self._cursor = 0
        self._found: dict[str, None] = {}

    def look(self) -> Mapping[str, int]:
        """Look through some more keys; return the lists found so far and their lengths.

        Raises QueueUnavailable. However many keys there are, a call costs little; with each round
        through all keys every list has been seen.
        """
        with queue_errors():
            self._cursor, names = cast(
                "tuple[int, list[bytes]]",
                self._client.scan(self._cursor, count=_KEYS_A_LOOK, _type="list"),
            )
            self._found |= dict.fromkeys(self._meant(names))
            return self._lengths()

    def look_at_all(self) -> Mapping[str, int]:
        """Look through all keys; raises QueueUnavailable."""
        found = self.look()
        while self._cursor:
            found = self.look()
        return found

    def _meant(self, names: list[bytes]) -> Iterator[str]:
        room = _MAX_FOUND - len(self._found)
        for name in (each.decode(errors="replace") for each in names):
            ours = name.startswith("parley:") or tenants.SEPARATOR in name
            unknown = name not in self._served and not ours
            if unknown and room > 0 and _MEANT.match(name):
                room -= 1
                yield name

    def _lengths(self) -> Mapping[str, int]:
        if not self._found:
            return {}
        with self._client.pipeline(transaction=False) as pipeline:
            for name in self._found:
                pipeline.llen(name)
            lengths = dict(zip(self._found, pipeline.execute(), strict=True))
        self._found = {name: None for name, length in lengths.items() if length}
        return {name: length for name, length in lengths.items() if length}
