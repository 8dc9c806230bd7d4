"""Rate limits: so many requests in a time, and so many at once."""

import math
import re
from dataclasses import dataclass

_UNIT_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
}
_MAX_PER_SECOND = 10_000
_FORM = re.compile(r"(\d{1,9})\s*/\s*([a-z]+)(?:(?:\s*,\s*|\s+burst\s+)(\d{1,9}))?\Z")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket: it holds `burst` tokens and fills at `per_second`."""

    per_second: float
    burst: int

    @property
    def interval_us(self) -> int:
        """Return the microseconds in which a token comes in, rounded up: never more than said."""
        return math.ceil(1e6 / self.per_second)

    @property
    def fill_seconds(self) -> float:
        """Return how long an empty bucket takes to be full."""
        return self.burst / self.per_second


def read_rate_limit(text: str) -> RateLimit:
    """Return what `20/s`, `600/min burst 50` or `1000/h,20` says; raise ValueError.

    Without a burst all of a unit's requests may come at once.
    """
    found = _FORM.match(text.strip().lower())
    seconds = _UNIT_SECONDS.get(found[2]) if found else None
    if found is None or seconds is None:
        raise ValueError("a rate limit reads 20/s, 600/min or 1000/h, with a burst 20/s burst 40")
    requests = int(found[1])
    burst = int(found[3] or requests)
    if requests == 0 or burst == 0:
        raise ValueError("a rate limit of 0 would refuse every request")
    if requests / seconds > _MAX_PER_SECOND:
        raise ValueError(f"a rate limit is at most {_MAX_PER_SECOND}/s")
    return RateLimit(requests / seconds, burst)
