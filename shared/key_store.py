"""API keys in Redis: a hash for each, under the digest of the key, and an index by id."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

import redis

from shared import keys
from shared.api_keys import ALL_SCOPES, ApiKey, show_scopes
from shared.connection import queue_errors
from shared.scripts import register_script

# When a gateway has just started, every request looks: more than redis-py has connections for.
_MAX_AT_ONCE = 16


class RedisKeyStore:
    """Keep API keys in Redis without a TTL: an expired one stays known until it is revoked."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._at_once = threading.BoundedSemaphore(_MAX_AT_ONCE)
        self._find = register_script(client, "find_api_key.lua")
        self._revoke = register_script(client, "revoke_api_key.lua")

    def create(self, digest: str, key: ApiKey) -> None:
        """Write hash and index together."""
        with queue_errors(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.api_key(digest), mapping=_write(key))
            pipeline.hset(keys.API_KEYS, key.id, digest)
            pipeline.execute()

    def find(self, digest: str, day: str) -> ApiKey | None:
        """Read the hash and note the day in one step."""
        with self._at_once, queue_errors():
            found = self._find(keys=(keys.api_key(digest),), args=(day,))
        fields = [part.decode() for part in cast("Sequence[bytes]", found)]
        return _read(dict(zip(fields[::2], fields[1::2], strict=True)))

    def all_keys(self) -> Sequence[ApiKey]:
        """Read the index and then every hash."""
        with queue_errors():
            index = cast("Mapping[bytes, bytes]", self._client.hgetall(keys.API_KEYS))
            with self._client.pipeline(transaction=False) as pipeline:
                for digest in index.values():
                    pipeline.hgetall(keys.api_key(digest.decode()))
                answers: list[Mapping[bytes, bytes]] = pipeline.execute()
        texts = ({k.decode(): v.decode() for k, v in answer.items()} for answer in answers)
        found = [key for key in map(_read, texts) if key]
        return sorted(found, key=lambda key: (key.created_at, key.id))

    def has_keys(self) -> bool:
        """Look whether there is an index."""
        with self._at_once, queue_errors():
            return bool(self._client.exists(keys.API_KEYS))

    def revoke(self, key_id: str) -> bool:
        """Delete hash and index entry in one step."""
        with queue_errors():
            return bool(self._revoke(keys=(keys.API_KEYS,), args=(key_id,)))


def _write(key: ApiKey) -> dict[Any, Any]:
    return {
        "id": key.id,
        "tenant": key.tenant,
        "scopes": show_scopes(key.scopes),
        "name": key.name,
        "created_at": repr(key.created_at),
        "expires_at": "" if key.expires_at is None else repr(key.expires_at),
        "rate_limit": key.rate_limit or "",
    }


def _read(fields: Mapping[str, str]) -> ApiKey | None:
    if not fields:
        return None
    return ApiKey(
        id=fields["id"],
        tenant=fields["tenant"],
        # One that a newer Parley knows allows nothing here.
        scopes=ALL_SCOPES.intersection(fields["scopes"].split(",")),
        name=fields["name"],
        created_at=float(fields["created_at"]),
        expires_at=float(fields["expires_at"]) if fields["expires_at"] else None,
        rate_limit=fields["rate_limit"] or None,
        last_used=fields.get("last_used"),
    )
