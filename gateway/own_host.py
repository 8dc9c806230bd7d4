"""Tell requests to this machine from those that a web page sent here under its own name.

A page whose site's name is made to stand for 127.0.0.1 (DNS rebinding) would be of the same origin
as a gateway that asks nobody for a key. What it cannot change is the name in the Host header.
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import ForeignHost


def require_own_host(environ: Mapping[str, Any]) -> None:
    """Raise ForeignHost if the Host header is a name that any site may have."""
    host: str = environ.get("HTTP_HOST", "")
    if not _is_own(_without_port(host)):
        raise ForeignHost(
            f"Without API keys requests to {host[:80]} are not answered, since any web page could "
            "send them: make a key with `parley keys create`, name your proxy in "
            "PARLEY_TRUSTED_PROXIES, or set PARLEY_OPEN_ACCESS=true."
        )


def _is_own(name: str) -> bool:
    """An address, a name without a domain as containers have, localhost, or none at all."""
    domain, _, last = name.rpartition(".")
    return not domain or ":" in name or last == "localhost" or last.isdecimal()


def _without_port(host: str) -> str:
    name = host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host.lower()
    return name.removeprefix("[").removesuffix("]").removesuffix(".")
