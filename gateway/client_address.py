"""Where a request comes from: the peer, or the client that a trusted proxy speaks for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

_PREFIX_BITS = 64  # of IPv6: what one household or server gets; it uses any address within
_IN_BRACKETS = re.compile(r"\[([^]]*)\](?::\w*)?\Z")  # an IPv6 address, maybe with a port
_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^";]*))', re.IGNORECASE)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose headers say where a request comes from; by default there are none."""

    networks: tuple[Network, ...] = ()

    def is_peer(self, environ: Mapping[str, Any]) -> bool:
        """Tell whether a request came through a trusted proxy, so that its headers count."""
        if not self.networks:
            return False
        peer = _read_address(environ.get("REMOTE_ADDR", ""))
        return peer is not None and self._trusts(peer)

    def client_address(self, environ: Mapping[str, Any]) -> str:
        """Return the address that a request is limited by: IPv4, or the /64 of an IPv6 address.

        It is the right-most one that is no trusted proxy's. What a client itself wrote stands
        further left. If X-Forwarded-For and Forwarded disagree, one of them is the client's own:
        then neither counts.
        """
        shown = str(environ.get("REMOTE_ADDR", ""))
        peer = _read_address(shown)
        if peer is None:
            return shown
        if not self.networks or not self._trusts(peer):
            return _limited_part(peer)
        told = {self._origin(peer, hops) for hops in _forwarded_hops(environ)}
        return _limited_part(told.pop() if len(told) == 1 else peer)

    def _origin(self, peer: Address, hops: Sequence[str]) -> Address:
        """Return the first address from the right that is not trusted, or the last that is."""
        origin = peer
        for hop in reversed(hops):
            address = _read_address(hop)
            if address is None:
                return origin
            origin = address
            if not self._trusts(address):
                return origin
        return origin

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def read_trusted_proxies(text: str) -> TrustedProxies:
    """Return what a list of addresses and networks says, separated by commas or blanks.

    Raises ValueError with the part that is neither.
    """
    parts = text.replace(",", " ").split()
    return TrustedProxies(tuple(_read_network(part) for part in parts))


def _read_network(part: str) -> Network:
    try:
        return ip_network(part)
    except ValueError:
        raise ValueError(
            f"{part!r} is neither an address nor a network such as 10.0.0.0/8"
        ) from None


def _forwarded_hops(environ: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the hops of each header that is there, the nearest last."""
    listed = environ.get("HTTP_X_FORWARDED_FOR")
    if listed is not None:
        yield [hop.strip() for hop in listed.split(",")]
    structured = environ.get("HTTP_FORWARDED")
    if structured is not None:
        found = (_FORWARDED_FOR.search(element) for element in structured.split(","))
        yield [(match[1] or match[2] or "").strip() if match else "" for match in found]


def _read_address(text: str) -> Address | None:
    """Read an address, maybe with a port; an IPv4 address within IPv6 is IPv4."""
    in_brackets = _IN_BRACKETS.match(text)
    bare = in_brackets[1] if in_brackets else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _limited_part(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, _PREFIX_BITS), strict=False))
