"""What the dashboard shows of a range of time: its points, the last minute, and who works now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from gateway.dashboard.columns import Columns, columns
from gateway.dashboard.headline import headline
from gateway.dashboard.history import HOUR_SECONDS, History
from gateway.dashboard.live import LiveStatus
from gateway.dashboard.sample import MINUTE_SECONDS, Sample, merge, merge_by_step, slot
from shared.clock import Clock
from shared.errors import InvalidRequest

Range = Literal["15m", "1h", "6h", "24h"]
RANGES: tuple[Range, ...] = get_args(Range)
# 180 points each, as many as a chart of a few hundred pixels can show.
_SECONDS: Mapping[Range, int] = {"15m": 900, "1h": 3_600, "6h": 21_600, "24h": 86_400}
_POINTS = 180
_TIME = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?\Z", re.ASCII)


class BoardData(msgspec.Struct, frozen=True):
    """The answer to GET /dashboard/data. Times are Unix seconds.

    `points` are the columns of what was asked for; `minute` has one point, the last minute, or
    none. `live` is what the sampler saw last.
    """

    now: float
    range_seconds: int
    step_seconds: int
    level: str
    headline: str
    notes: tuple[str, ...]
    minute: Columns
    live: LiveStatus | None
    points: Columns


@dataclass(frozen=True, slots=True)
class Board:
    """Read the history."""

    history: History
    clock: Clock

    def read(self, of: Range, since: float | None) -> BoardData:
        """Return a range, of its points those alone that begin with the step of `since`.

        Raises QueueUnavailable.
        """
        now, span = self.clock.now(), _SECONDS[of]
        step = span // _POINTS
        begin = slot(now - span, step)
        if since is not None:
            begin = max(begin, slot(since, step) - step)
        seen, minute = self.history.last_seen(), self._last_minute(now)
        told = headline(now, minute, seen)
        return BoardData(
            now=round(now, 1),
            range_seconds=span,
            step_seconds=step,
            level=told.level,
            headline=told.text,
            notes=told.notes,
            minute=columns([minute] if minute else []),
            live=seen,
            points=columns(merge_by_step(self._samples(begin, now), step)),
        )

    def _samples(self, begin: float, now: float) -> list[Sample]:
        """Return what is kept since then: minutes up to the last hour, and its samples."""
        if now - begin <= HOUR_SECONDS:
            return self.history.seconds_since(begin, now)
        minutes = self.history.minutes_since(begin, now)
        last = slot(minutes[-1].at, MINUTE_SECONDS) if minutes else begin
        return [*minutes, *self.history.seconds_since(last, now)]

    def _last_minute(self, now: float) -> Sample | None:
        samples = self.history.seconds_since(now - MINUTE_SECONDS, now)
        return merge(samples) if samples else None


def read_range(given: str | None) -> Range:
    """Return the range that a request names, 15 minutes if none; raises InvalidRequest."""
    if given is None:
        return RANGES[0]
    found = next((each for each in RANGES if each == given), None)
    if found is None:
        raise InvalidRequest(f"range must be one of {', '.join(RANGES)}.", "range")
    return found


def read_since(given: str | None) -> float | None:
    """Return the time that a request names, in Unix seconds; raises InvalidRequest."""
    if given is None:
        return None
    if not _TIME.match(given):
        raise InvalidRequest("since must be a time in Unix seconds.", "since")
    return float(given)
