"""Where a request comes from, and whose word is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client_address import TrustedProxies, read_trusted_proxies

PROXIES = read_trusted_proxies("10.0.0.0/8, 192.0.2.7 fd00::/8")


def environ(peer: str, listed: str | None = None, forwarded: str | None = None) -> dict[str, str]:
    """Return what WSGI holds of a request."""
    headers = {"HTTP_X_FORWARDED_FOR": listed, "HTTP_FORWARDED": forwarded}
    return {"REMOTE_ADDR": peer} | {name: text for name, text in headers.items() if text}


@pytest.mark.parametrize(
    ("peer", "listed", "address"),
    [
        ("198.51.100.1", None, "198.51.100.1"),
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),  # nobody's proxy says so
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("192.0.2.7", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the client wrote the left one
        ("10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),  # two proxies of ours
        ("10.1.2.3", "10.8.8.8, 10.9.9.9", "10.8.8.8"),  # a client within
        ("10.1.2.3", "203.0.113.9:4711", "203.0.113.9"),
        ("10.1.2.3", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        ("fd00::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, , ", "10.1.2.3"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("2001:db8:1:2:ffff::1", None, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", None, "fe80::/64"),
        ("", None, ""),  # a socket without addresses
    ],
)
def test_the_address_of_a_client(peer: str, listed: str | None, address: str) -> None:
    assert PROXIES.client_address(environ(peer, listed)) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('for=6.6.6.6, For="203.0.113.9:80";proto=https;by=10.1.2.3', "203.0.113.9"),
        ('proto=https; for="[2001:db8:1:2::9]:80"', "2001:db8:1:2::/64"),
        ("for=_hidden", "10.1.2.3"),
        ("proto=https", "10.1.2.3"),
    ],
)
def test_the_structured_header_says_the_same(forwarded: str, address: str) -> None:
    assert PROXIES.client_address(environ("10.1.2.3", None, forwarded)) == address


def test_headers_that_disagree_do_not_count() -> None:
    both = environ("10.1.2.3", "203.0.113.9", "for=6.6.6.6")
    assert PROXIES.client_address(both) == "10.1.2.3"
    same = environ("10.1.2.3", "203.0.113.9", "for=203.0.113.9")
    assert PROXIES.client_address(same) == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "trusted"), [("10.1.2.3", True), ("198.51.100.1", False), ("", False)]
)
def test_headers_count_from_trusted_proxies_alone(peer: str, trusted: bool) -> None:
    assert PROXIES.is_peer(environ(peer)) is trusted
    assert not TrustedProxies().is_peer(environ(peer))


@given(st.text(), st.text())
def test_no_header_moves_a_client_that_nobody_speaks_for(listed: str, forwarded: str) -> None:
    assert PROXIES.client_address(environ("198.51.100.1", listed, forwarded)) == "198.51.100.1"


@given(st.text(), st.text())
def test_any_header_is_survived(listed: str, forwarded: str) -> None:
    assert PROXIES.client_address(environ("10.1.2.3", listed, forwarded))


@pytest.mark.parametrize("text", ["proxy.example.com", "10.0.0.0/33", "10.0.0.1/8", "*"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor a network"):
        read_trusted_proxies(f"10.0.0.0/8,{text}")
