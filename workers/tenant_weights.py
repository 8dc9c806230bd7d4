"""How much of the workers each tenant gets where several want them: the setting's form."""

from collections.abc import Mapping

from shared.tenants import is_tenant_name

MAX_WEIGHT = 100


def read_weights(setting: str | None) -> Mapping[str, int]:
    """Return the weights in `acme=3,default=2`; raise ValueError with the fault."""
    parts = (part.strip() for part in (setting or "").split(",") if part.strip())
    return dict(_read_weight(part) for part in parts)


def _read_weight(part: str) -> tuple[str, int]:
    tenant, _, weight = (each.strip() for each in part.partition("="))
    if not is_tenant_name(tenant):
        raise ValueError(f"{tenant[:80]!r} names no tenant")
    if not weight.isdecimal() or not 1 <= int(weight) <= MAX_WEIGHT:
        raise ValueError(f"the weight of {tenant} must be a number from 1 to {MAX_WEIGHT}")
    return tenant, int(weight)
