"""Addresses on the web: what a setting may be, and how a host is written in one."""

import re
from urllib.parse import urlsplit

_PRINTABLE = re.compile(r"[!-~]+\Z")


def url_host(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def check_web_address(url: str) -> None:
    """Raise ValueError with the fault of a URL that cannot be called over http or https."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https"):
        raise ValueError("it must begin with http:// or https://")
    if not _PRINTABLE.match(url):
        raise ValueError("it has a character that no address has; write it percent-encoded")
    if not address.hostname:
        raise ValueError("it names no host")
    if address.username is not None:
        raise ValueError("it must hold no user name")
    if address.port == 0:
        raise ValueError("it names port 0")
