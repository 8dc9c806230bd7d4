"""Tenants: whose conversations, users, jobs and handovers are whose.

Inside (in Redis and on the queue) every id of a tenant begins with the tenant's name and a
separator that no id of a client can hold; ids of the default tenant stay as they are. The gateway
scopes each id on its way in and takes the scope off on its way out, so that no client can name what
belongs to another tenant.
"""

import re

DEFAULT_TENANT = "default"
SEPARATOR = "\x1f"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


def is_tenant_name(name: str) -> bool:
    """Return whether a text can name a tenant: 1-63 lower-case letters, digits and hyphens."""
    return _NAME.match(name) is not None


def scope(tenant: str, local_id: str) -> str:
    """Return the id that stands inside for a tenant's own id."""
    return local_id if tenant == DEFAULT_TENANT else f"{tenant}{SEPARATOR}{local_id}"


def local(scoped_id: str) -> str:
    """Return the id as its tenant knows it."""
    return scoped_id.rpartition(SEPARATOR)[2]


def tenant_of(scoped_id: str) -> str:
    """Return the tenant that an id belongs to."""
    return scoped_id.partition(SEPARATOR)[0] if SEPARATOR in scoped_id else DEFAULT_TENANT


def shown(scoped_id: str) -> str:
    """Return an id for an operator's eyes: with the name of any tenant but the default one."""
    return scoped_id.replace(SEPARATOR, "/", 1)
