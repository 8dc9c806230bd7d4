"""Which scope each endpoint asks for. What the table does not name asks for `admin`."""

from collections.abc import Mapping

from shared.api_keys import Scope
from shared.tenants import DEFAULT_TENANT

_CHAT: frozenset[Scope] = frozenset(("chat",))
_READ: frozenset[Scope] = frozenset(("read",))
_CHAT_OR_READ: frozenset[Scope] = _CHAT | _READ
_ADMIN: frozenset[Scope] = frozenset(("admin",))
_METRICS: frozenset[Scope] = frozenset(("admin", "metrics"))

# Probes of orchestrators, the document, and pages that hold nothing of anyone's.
OPEN_ENDPOINTS = frozenset(
    (
        "healthz",
        "readyz",
        "openapi_document",
        "docs_page",
        "chat_page",
        "chat_widget",
        "dashboard_page",
        "desk_page",
    )
)
# One of these scopes is enough.
SCOPES: Mapping[str, frozenset[Scope]] = {
    "chat": _CHAT,
    "job": _CHAT,
    "job_events": _CHAT,
    "cancel_job": _CHAT,
    "rate": _CHAT,
    "conversation": _CHAT_OR_READ,
    "conversation_events": _CHAT_OR_READ,
    "list_handovers": _READ,
    "handover": _READ,
    "claim_handover": _ADMIN,
    "reply_handover": _ADMIN,
    "release_handover": _ADMIN,
    "close_handover": _ADMIN,
    "find_conversations": _ADMIN,
    "conversation_story": _ADMIN,
    "list_feedback": _ADMIN,
    "list_gaps": _ADMIN,
    "dismiss_gap": _ADMIN,
    "list_drafts": _ADMIN,
    "accept_draft": _ADMIN,
    "change_draft": _ADMIN,
    "remove_draft": _ADMIN,
    "erase_conversation": _ADMIN,
    "erase_user": _ADMIN,
    "metrics": _METRICS,
    "dashboard_data": _METRICS,
}
# What shows all tenants together.
OF_ALL_TENANTS = frozenset(("dashboard_data",))
# What answers without Redis, too: it is what says that Redis is down.
WITHOUT_REDIS = frozenset(("metrics",))
OPENAI_PREFIX = "v1_"  # endpoints of the OpenAI-compatible API


def wanted_scopes(endpoint: str) -> frozenset[Scope] | None:
    """Return the scopes of which a caller needs one; None where no key is needed."""
    if endpoint in OPEN_ENDPOINTS:
        return None
    if endpoint.startswith(OPENAI_PREFIX):
        return _CHAT
    return SCOPES.get(endpoint, _ADMIN)


def may_call(endpoint: str, tenant: str) -> bool:
    """Tell whether a tenant's keys may call an endpoint at all: another's only what is listed."""
    if tenant == DEFAULT_TENANT:
        return True
    if endpoint in OF_ALL_TENANTS:
        return False
    return endpoint in SCOPES or endpoint.startswith(OPENAI_PREFIX)
