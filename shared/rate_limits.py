"""Rate limits: so many requests in a time, and so many at once."""

import re
from dataclasses import dataclass

_UNIT_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
}
_NONE = ("none", "off", "unlimited")
_FORM = re.compile(r"(\d{1,9})\s*/\s*([a-z]+)(?:(?:\s*,\s*|\s+burst\s+)(\d{1,9}))?\Z")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket: it holds `burst` tokens and fills at `per_second`."""

    per_second: float
    burst: int

    @property
    def fill_seconds(self) -> float:
        """Return how long an empty bucket takes to be full."""
        return self.burst / self.per_second


def read_rate_limit(text: str) -> RateLimit | None:
    """Return what `20/s`, `600/min burst 50` or `1000/h,20` says; None for `none`.

    Without a burst all of a unit's requests may come at once. Raises ValueError.
    """
    wanted = text.strip().lower()
    if wanted in _NONE:
        return None
    found = _FORM.match(wanted)
    seconds = _UNIT_SECONDS.get(found[2]) if found else None
    if found is None or seconds is None:
        raise ValueError("a rate limit reads 20/s, 600/min or 1000/h, with a burst 20/s burst 40")
    requests = int(found[1])
    burst = int(found[3] or requests)
    if requests == 0 or burst == 0:
        raise ValueError("a rate limit of 0 would refuse every request")
    return RateLimit(requests / seconds, burst)
