"""What may name a job, a conversation, a user or an entry: whatever a channel calls them."""

import unicodedata

from shared import tenants

MAX_IDENTIFIER_BYTES = 255
IDENTIFIER_FORM = f"1 to {MAX_IDENTIFIER_BYTES} bytes of printable text"
# Control characters, halves of surrogate pairs, line and paragraph separators. What shows nothing
# but joins (as in emoji) is taken.
_NOT_PRINTABLE = frozenset(("Cc", "Cs", "Zl", "Zp"))


def is_identifier(value: str) -> bool:
    """Return whether a text can be an id: printable, 1-255 bytes of UTF-8."""
    if value.isascii():
        return 0 < len(value) <= MAX_IDENTIFIER_BYTES and value.isprintable()
    if any(unicodedata.category(char) in _NOT_PRINTABLE for char in value):
        return False
    return len(value.encode()) <= MAX_IDENTIFIER_BYTES


def is_scoped_identifier(value: str) -> bool:
    """Return whether a text can be an id inside, with or without the scope of a tenant."""
    if value.isascii() and value.isprintable():  # nearly all are
        return 0 < len(value) <= MAX_IDENTIFIER_BYTES
    if tenants.SEPARATOR not in value:
        return is_identifier(value)
    tenant, _, local = value.partition(tenants.SEPARATOR)
    named = tenants.is_tenant_name(tenant) and tenant != tenants.DEFAULT_TENANT
    return named and is_identifier(local)
