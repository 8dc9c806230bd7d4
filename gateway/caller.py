"""Who sends the current request, and what they may do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import g

from shared import tenants
from shared.api_keys import ALL_SCOPES, Scope
from shared.rate_limits import RateLimit


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant a request belongs to, and its scopes; `key_id` is None without an API key."""

    tenant: str = tenants.DEFAULT_TENANT
    scopes: frozenset[Scope] = ALL_SCOPES
    key_id: str | None = None
    rate_limit: RateLimit | None = None

    def scope(self, local_id: str) -> str:
        """Return the id that stands inside for one that this caller names."""
        return tenants.scope(self.tenant, local_id)


ANYONE = Caller()  # where no keys are asked for


def current_caller() -> Caller:
    """Return the caller of the current request, as its authentication has found."""
    return cast("Caller", g.get("caller", ANYONE))


def check_of_caller() -> Callable[[], None]:
    """Return what checks, also after the current request, that its caller is still let in.

    It raises Unauthenticated, or QueueUnavailable if none can tell.
    """
    return cast("Callable[[], None]", g.check_caller) if "check_caller" in g else _let_in


def _let_in() -> None:
    """Nobody was asked for anything."""
