"""How many tokens of a language model each tenant may use a day: the setting's form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.tenants import is_tenant_name

MAX_TOKENS = 10**15


@dataclass(frozen=True, slots=True)
class TokenBudgets:
    """Tokens a day of the tenants that are named, and of each other one; None: any number."""

    named: Mapping[str, int] = field(default_factory=dict)
    others: int | None = None

    def of(self, tenant: str) -> int | None:
        """Return a tenant's budget, None without one."""
        return self.named.get(tenant, self.others)

    def part(self, parts: int) -> "TokenBudgets":
        """Return the budgets of one of so many equal parts."""
        named = {tenant: tokens // parts for tenant, tokens in self.named.items()}
        return TokenBudgets(named, None if self.others is None else self.others // parts)


def read_budgets(setting: str | None) -> TokenBudgets:
    """Return the budgets in `5000` or `5000,acme=100000`; raise ValueError with the fault."""
    named: dict[str, int] = {}
    others = None
    for part in (part.strip() for part in (setting or "").split(",")):
        tenant, names_one, tokens = (each.strip() for each in part.rpartition("="))
        if not part:
            continue
        if not tokens.isdecimal() or int(tokens) > MAX_TOKENS:
            raise ValueError(f"{tokens[:80]!r} is no number of tokens")
        if not names_one:
            others = int(tokens)
        elif is_tenant_name(tenant):
            named[tenant] = int(tokens)
        else:
            raise ValueError(f"{tenant[:80]!r} names no tenant")
    return TokenBudgets(named, others)
