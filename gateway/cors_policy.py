"""Which origins' pages may call Parley."""

import re
from dataclasses import dataclass

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\Z")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """The origins whose pages may call; `wildcards` are scheme, domain and port of `*.domain`."""

    anyone: bool = False
    origins: frozenset[str] = frozenset()
    wildcards: tuple[tuple[str, str, str], ...] = ()

    def allows(self, origin: str) -> bool:
        """Tell whether the pages of an origin may call."""
        return self.anyone or origin in self.origins or self._matches_wildcard(origin)

    def _matches_wildcard(self, origin: str) -> bool:
        found = _ORIGIN.match(origin)
        return found is not None and any(
            found[1] == scheme and found[3].endswith(f".{domain}") and (found[4] or "") == port
            for scheme, domain, port in self.wildcards
        )


def read_cors_origins(text: str) -> CorsPolicy:
    """Return the policy that a list of origins says, separated by commas or blanks.

    Raises ValueError with the number of the one that is none.
    """
    parts = text.replace(",", " ").split()
    if "*" in parts:
        if set(parts) != {"*"}:
            raise ValueError("* stands for every origin and must stand alone")
        return CorsPolicy(anyone=True)
    origins, wildcards = set(), []
    for number, part in enumerate(parts, 1):
        scheme, wildcard, host, port = _read_origin(part, number)
        if wildcard:
            wildcards.append((scheme, host, port))
        else:
            origins.add(f"{scheme}://{host}{port}")
    return CorsPolicy(origins=frozenset(origins), wildcards=tuple(wildcards))


def _read_origin(part: str, number: int) -> tuple[str, bool, str, str]:
    found = _ORIGIN.match(part.lower().removesuffix("/"))
    if found is None:
        raise ValueError(
            f"entry {number} is no origin; write scheme and host as in https://shop.example, "
            "with the port if there is one and without a path"
        )
    port = found[4] or ""
    return found[1], bool(found[2]), found[3], "" if port == _DEFAULT_PORTS.get(found[1]) else port
