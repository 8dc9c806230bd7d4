"""Tell which addresses are reached from their own machine alone."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether what listens on a host is reached from its own machine alone."""
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return bare.lower() == "localhost"
