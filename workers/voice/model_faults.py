"""Why a language model's server gave no reply: reasons for counters, and sentences for people.

No sentence holds what a server said: that may be the key, or a person's message.
"""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from shared.errors import ModelBusy, ModelUnavailable

REASONS = (
    "no_place",  # no place became free in time
    "open",  # the breaker is open
    "unreachable",  # no connection, or it was lost before the first token
    "busy",  # the server refuses for now: 429, 503
    "failed",  # it says that it failed: 500, 502, 504, an error in the stream
    "key",  # it refuses the key: 401, 403
    "refused",  # it refuses this request, as too long: 400, 413, 422
    "address",  # it has no such address or model: any other status
    "late",  # the time was over, before the first token or after
    "broken",  # the reply broke off, cannot be read, is empty, or longer than any reply is
    "length",  # the model wrote as many tokens as it may and had not ended
)
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?\Z")
_UNKNOWN = "it has no such model, or its base address is another one (most end in /v1)"


def late(has_begun: bool = False) -> ModelUnavailable:
    """Return the fault of a server that took longer than there was time."""
    what = "end its reply" if has_begun else "begin a reply"
    return ModelUnavailable(f"The model did not {what} in time.", "late")


def broken(how: str) -> ModelUnavailable:
    """Return the fault of a reply that cannot be used: `it broke off`."""
    return ModelUnavailable(f"The model's reply cannot be used: {how}.", "broken")


def refusal(status: int, retry_after: str | None, now: float) -> ModelUnavailable:
    """Return the fault of a response without success; `now` is Unix time in seconds."""
    if status in (429, 503):
        seconds = _seconds_until(retry_after, now)
        return ModelBusy(f"The model server is busy (status {status}).", "busy", seconds)
    if status in (500, 502, 504):
        return ModelBusy(f"The model server failed (status {status}).", "failed")
    if status in (401, 403):
        return ModelUnavailable(f"The model server refuses the key (status {status}).", "key")
    if status in (400, 413, 422):
        return ModelUnavailable(
            f"The model server refuses the request (status {status}).", "refused"
        )
    return ModelUnavailable(f"The model server answers {status}: {_UNKNOWN}.", "address")


def _seconds_until(retry_after: str | None, now: float) -> float | None:
    """Read a Retry-After header, seconds or a date; None without one that can be read."""
    if retry_after is None:
        return None
    if _SECONDS.match(retry_after):
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)
