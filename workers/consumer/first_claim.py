"""The claim of the message that wakes an idle worker: made with its lease, in one round trip."""

from collections.abc import Sequence

from shared.errors import MalformedMessage
from shared.task_message import decode
from shared.wire import decode_job

NO_CLAIM = ("", "", "", "", "")


def first_claim(
    raw: bytes | None, now: float, lane_ttl_seconds: int
) -> Sequence[str | bytes | float]:
    """Return lease.lua's arguments for the job of a message; those for no claim if there is none.

    Only what the gateway sent is claimed so: for others claim.lua has more to do. `now` in Unix
    seconds.
    """
    if raw is None:
        return NO_CLAIM
    try:
        job = decode_job(decode(raw), now)
    except MalformedMessage:  # or it says only that others wait
        return NO_CLAIM
    if job.external or job.draft is not None or job.due_at is not None or job.follow_ups:
        return NO_CLAIM
    expires_at = job.expires_at or now + lane_ttl_seconds
    return raw, job.id, job.conversation_id, expires_at, lane_ttl_seconds
