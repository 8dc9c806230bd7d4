"""API keys: who may call the gateway, and for which tenant.

A key is `pk_<id>_<secret>`. Redis holds its SHA-256 alone: who reads Redis cannot call the gateway.
The secret has 256 bits, so that a fast digest without a salt is enough.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from shared.tenants import DEFAULT_TENANT

Scope = Literal["chat", "read", "admin", "metrics"]
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
_ID_BYTES = 5
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; never the key itself. Times are Unix seconds."""

    id: str
    tenant: str = DEFAULT_TENANT
    scopes: frozenset[Scope] = ALL_SCOPES
    name: str = ""
    created_at: float = 0.0
    expires_at: float | None = None
    rate_limit: str | None = None
    last_used: str | None = None

    def is_expired(self, now: float) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


class KeyStore(Protocol):
    """Hold API keys by their digest; every method raises QueueUnavailable."""

    def create(self, digest: str, key: ApiKey) -> None:
        """Keep a new key."""

    def find(self, digest: str, day: str) -> ApiKey | None:
        """Return the key with this digest and note that it was used on this day (UTC)."""

    def all_keys(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first; expired ones too."""

    def has_keys(self) -> bool:
        """Tell whether there is any key, were it an expired one."""

    def revoke(self, key_id: str) -> bool:
        """Forget a key; return whether there was one."""


def new_key() -> tuple[str, str]:
    """Return the id of a new key and the key as its owner sends it, which is shown once."""
    key_id = secrets.token_hex(_ID_BYTES)
    return key_id, f"pk_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def digest_of(key: str) -> str:
    """Return the name under which a key is known, in 64 hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes that are named; raise ValueError with a name that is none."""
    known: dict[str, Scope] = {scope: scope for scope in get_args(Scope)}
    wanted = [name.strip().lower() for name in names if name.strip()]
    for name in wanted:
        if name not in known:
            raise ValueError(f"{name!r} is no scope; scopes are {', '.join(known)}")
    if not wanted:
        raise ValueError(f"no scope is named; scopes are {', '.join(known)}")
    return frozenset(known[name] for name in wanted)


def show_scopes(scopes: frozenset[Scope]) -> str:
    """Return scopes as a text, always in the same order."""
    return ",".join(scope for scope in get_args(Scope) if scope in scopes)
