"""Read from Redis what was counted in the last days, and the last comments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.counts import CountedField, read_fields
from shared.feedback import Feedback
from workers.gaps import Gap, decode_gap


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The fields of one day, of replies and of entries."""

    day: str
    fields: Sequence[CountedField]
    entries: Sequence[CountedField]


@dataclass(frozen=True, slots=True)
class Comment:
    """What a person wrote about a reply."""

    job_id: str
    conversation_id: str
    score: int
    comment: str
    at: float


def read_days(client: "redis.Redis", now: float, days: int) -> list[DayCounts]:
    """Return the last days (UTC), the oldest first and today last."""
    today = datetime.fromtimestamp(now, UTC).date()
    names = [(today - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    with queue_errors(), client.pipeline(transaction=False) as pipeline:
        for day in names:
            pipeline.hgetall(keys.counts(day))
            pipeline.hgetall(keys.entry_counts(day))
        found = pipeline.execute()
    return [
        DayCounts(day, read_fields(_decode(fields)), read_fields(_decode(entries)))
        for day, fields, entries in zip(names, found[::2], found[1::2], strict=True)
    ]


def read_comments(client: "redis.Redis", most: int) -> list[Comment]:
    """Return the newest comments, of the conversations that were rated last."""
    with queue_errors():
        newest = cast("list[bytes]", client.zrevrange(keys.FEEDBACK, 0, most - 1))
        names = [name.decode() for name in newest]
        kept = [client.hgetall(keys.feedback_of(name)) for name in names]
    comments = [
        Comment(job_id.decode(), name, each.score, each.comment, each.at)
        for name, jobs in zip(names, cast("list[Mapping[bytes, bytes]]", kept), strict=True)
        for job_id, raw in jobs.items()
        if (each := msgspec.json.decode(raw, type=Feedback)).comment
    ]
    return sorted(comments, key=lambda comment: -comment.at)[:most]


def read_gaps(client: "redis.Redis") -> list[Gap]:
    """Return the messages that got no answer, the oldest conversations first."""
    with queue_errors():
        names = cast("list[bytes]", client.zrange(keys.GAPS, 0, -1))
        with client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.lrange(keys.gaps_of(name.decode()), 0, -1)
            found = pipeline.execute()
    return [decode_gap(record) for records in found for record in records]


def _decode(fields: Mapping[bytes, bytes]) -> dict[str, int]:
    return {field.decode(): int(amount) for field, amount in fields.items()}
