"""Read from Redis what was counted in the last days, and the last comments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import cast

import msgspec
import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.counts import CountedField, day_of, read_fields
from shared.errors import CommandMisused
from shared.feedback import Feedback
from shared.known_tenants import known_tenants
from shared.partitions import Partitions


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


def tenants_to_read(client: "redis.Redis", tenant: str | None) -> list[str]:
    """Return the tenant that is named, or all that are known; raise CommandMisused for no name."""
    if tenant is None:
        with queue_errors():
            return known_tenants(client)
    if not tenants.is_tenant_name(tenant):
        raise CommandMisused(f"{tenant!r} names no tenant: 1-63 lower-case letters, digits or -.")
    return [tenant]


def read_days(
    client: "redis.Redis",
    now: float,
    days: int,
    of_tenants: Sequence[str] = (tenants.DEFAULT_TENANT,),
) -> list[DayCounts]:
    """Return the last days (UTC) of some tenants together, the oldest first and today last."""
    today = datetime.fromtimestamp(now, UTC).date()
    names = [(today - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    return [_read_day(client, day, of_tenants) for day in names]


def _read_day(client: "redis.Redis", day: str, of_tenants: Sequence[str]) -> DayCounts:
    with queue_errors(), client.pipeline(transaction=False) as pipeline:
        for tenant in of_tenants:
            pipeline.hgetall(keys.counts(day, tenant))
            pipeline.hgetall(keys.entry_counts(day, tenant))
        found = [read_fields(_decode(fields)) for fields in pipeline.execute()]
    return DayCounts(day, list(chain(*found[::2])), list(chain(*found[1::2])))


def read_comments(
    client: "redis.Redis", most: int, of_tenants: Sequence[str] = (tenants.DEFAULT_TENANT,)
) -> list[Comment]:
    """Return the newest comments, of the conversations that were rated last."""
    with queue_errors():
        newest = [
            name
            for tenant in of_tenants
            for name in cast("list[bytes]", client.zrevrange(keys.feedback(tenant), 0, most - 1))
        ]
        names = [name.decode() for name in newest]
        kept = [client.hgetall(keys.feedback_of(name)) for name in names]
    comments = [
        Comment(
            tenants.shown(job_id.decode()), tenants.shown(name), each.score, each.comment, each.at
        )
        for name, jobs in zip(names, cast("list[Mapping[bytes, bytes]]", kept), strict=True)
        for job_id, raw in jobs.items()
        if (each := msgspec.json.decode(raw, type=Feedback)).comment
    ]
    return sorted(comments, key=lambda comment: -comment.at)[:most]


def tenants_of_all(partitions: Partitions, tenant: str | None) -> list[str]:
    """Return what `tenants_to_read` does, of all partitions."""
    found = {name for client in partitions.clients for name in tenants_to_read(client, tenant)}
    return sorted(found, key=lambda name: (name != tenants.DEFAULT_TENANT, name))


def days_of_all(
    partitions: Partitions, now: float, days: int, of_tenants: Sequence[str]
) -> list[DayCounts]:
    """Return what `read_days` does, of all partitions together."""
    parts = [read_days(client, now, days, of_tenants) for client in partitions.clients]
    return [
        DayCounts(
            same_day[0].day,
            list(chain(*(part.fields for part in same_day))),
            list(chain(*(part.entries for part in same_day))),
        )
        for same_day in zip(*parts, strict=True)
    ]


def comments_of_all(partitions: Partitions, most: int, of_tenants: Sequence[str]) -> list[Comment]:
    """Return what `read_comments` does, of all partitions."""
    found = chain(*(read_comments(client, most, of_tenants) for client in partitions.clients))
    return sorted(found, key=lambda comment: -comment.at)[:most]


def tokens_of_all(partitions: Partitions, now: float, of_tenants: Sequence[str]) -> dict[str, int]:
    """Return the tokens of a language model that tenants have used today, of those that have."""
    used: dict[str, int] = {}
    for client in partitions.clients:
        with queue_errors():
            found = client.hgetall(keys.tokens_used(day_of(now)))
        for tenant, tokens in _decode(cast("Mapping[bytes, bytes]", found)).items():
            if tenant in of_tenants:
                used[tenant] = used.get(tenant, 0) + tokens
    return used


def _decode(fields: Mapping[bytes, bytes]) -> dict[str, int]:
    return {field.decode(): int(amount) for field, amount in fields.items()}
