"""A day of samples: the interface, and its adapter to Redis.

Two lists are kept. One has a sample every few seconds of the last hour, the other one a minute of
the last day. Both have a cap and a TTL: docs/dashboard.md has their measured size.
"""

from collections.abc import Sequence
from math import ceil
from typing import Protocol, cast

import redis

from gateway.dashboard import live, sample
from gateway.dashboard.live import LiveStatus
from gateway.dashboard.sample import MINUTE_SECONDS, SAMPLE_SECONDS, Sample
from shared import keys
from shared.connection import queue_errors
from shared.scripts import register_script

HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400
MAX_SAMPLES = HOUR_SECONDS // SAMPLE_SECONDS
MAX_MINUTES = DAY_SECONDS // MINUTE_SECONDS
TURN_SECONDS = 8.0  # a process that has not sampled for so long has lost its turn
LIVE_SECONDS = 60  # what was seen last is shown for so long
_SPARE = 2  # samples that are read beyond what a time spans


class History(Protocol):
    """Keep samples, and say who takes them; all methods raise QueueUnavailable."""

    def elect(self, sampler_id: str) -> bool:
        """Return whether a process is the one that samples; it is, if there is no other."""

    def record(
        self, sampler_id: str, seen: LiveStatus, of_seconds: Sample | None, minute: Sample | None
    ) -> bool:
        """Keep what the elected process has sampled; False if it is not the one any more."""

    def seconds_since(self, at: float, now: float) -> list[Sample]:
        """Return the samples after a time, as far as they reach back: an hour."""

    def minutes_since(self, at: float, now: float) -> list[Sample]:
        """Return the samples of a minute each after a time, as far as they reach back: a day."""

    def last_seen(self) -> LiveStatus | None:
        """Return what the sampler saw last; None if none has run of late."""


class RedisHistory:
    """Keep two lists and two keys beside them."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._record = register_script(client, "record_sample.lua")

    def elect(self, sampler_id: str) -> bool:
        """Set the key with its TTL if there is none."""
        turn_ms = int(TURN_SECONDS * 1_000)
        with queue_errors():
            if self._client.set(keys.DASHBOARD_SAMPLER, sampler_id, px=turn_ms, nx=True):
                return True
            return self._client.get(keys.DASHBOARD_SAMPLER) == sampler_id.encode()

    def record(
        self, sampler_id: str, seen: LiveStatus, of_seconds: Sample | None, minute: Sample | None
    ) -> bool:
        """Write in one step."""
        written = [sampler_id, int(TURN_SECONDS * 1_000), live.encode(seen), LIVE_SECONDS]
        written += [_encoded(of_seconds), MAX_SAMPLES, HOUR_SECONDS]
        written += [_encoded(minute), MAX_MINUTES, DAY_SECONDS]
        names = (
            keys.DASHBOARD_SAMPLER,
            keys.DASHBOARD_SECONDS,
            keys.DASHBOARD_MINUTES,
            keys.DASHBOARD_LIVE,
        )
        with queue_errors():
            return bool(self._record(keys=names, args=written))

    def seconds_since(self, at: float, now: float) -> list[Sample]:
        """Read the end of the list."""
        return self._since(keys.DASHBOARD_SECONDS, at, now, SAMPLE_SECONDS)

    def minutes_since(self, at: float, now: float) -> list[Sample]:
        """Read the end of the list."""
        return self._since(keys.DASHBOARD_MINUTES, at, now, MINUTE_SECONDS)

    def last_seen(self) -> LiveStatus | None:
        """Read the key."""
        with queue_errors():
            stored = cast("bytes | None", self._client.get(keys.DASHBOARD_LIVE))
        return live.decode(stored) if stored else None

    def _since(self, name: str, at: float, now: float, step_seconds: int) -> list[Sample]:
        newest = max(0, ceil((now - at) / step_seconds)) + _SPARE
        with queue_errors():
            stored = cast("Sequence[bytes]", self._client.lrange(name, -newest, -1))
        found = [each for each in map(sample.decode, stored) if each]
        return [each for each in found if at < each.at <= now + _SPARE * step_seconds]


def _encoded(kept: Sample | None) -> bytes:
    return b"" if kept is None else sample.encode(kept)
