"""What `parley doctor` warns of: settings that let in, or show, more than is wise."""

import stat
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from gateway.given_keys import key_files
from infra.supervisor.settings import StackSettings
from shared.api_keys import ApiKey
from shared.loopback import is_loopback
from shared.redis_address import ClusterAddress, SentinelAddress, read_redis_address

_WIDE_PREFIX_BITS = 8  # a network of more than 2^24 addresses is no list of proxies
_SHORT_PASSWORD_CHARACTERS = 12


def weak_settings(
    settings: StackSettings, keys: Sequence[ApiKey], now: float
) -> Iterator[tuple[str, str]]:
    """Yield name and sentence of each weakness; `keys` are those in Redis."""
    checks: dict[str, Callable[[], Iterator[str]]] = {
        "access": lambda: _access(settings, keys),
        "keys": lambda: _keys(settings, keys, now),
        "limits": lambda: _limits(settings),
        "proxies": lambda: _proxies(settings),
        "flower": lambda: _flower(settings),
        "redis": lambda: _redis(settings),
        "webhook": lambda: _webhook(settings),
    }
    for name, check in checks.items():
        yield from ((name, sentence) for sentence in check())


def _access(settings: StackSettings, keys: Sequence[ApiKey]) -> Iterator[str]:
    if not settings.is_exposed:
        return
    if settings.open_access and not keys and not settings.given_keys:
        yield (
            "everybody who reaches this machine may ask, read handovers and erase conversations: "
            "unset PARLEY_OPEN_ACCESS and make a key with `parley keys create`"
        )
    if not settings.trusted_proxies:
        yield (
            "other machines reach the gateway without a proxy that PARLEY_TRUSTED_PROXIES names: "
            "the gateway speaks no TLS, so keys and messages can be read on the way"
        )


def _keys(settings: StackSettings, keys: Sequence[ApiKey], now: float) -> Iterator[str]:
    endless = [key.id for key in keys if key.expires_at is None]
    if endless:
        yield f"{_listed(endless)} never expire: `parley keys create --expires 90d`, then revoke"
    expired = [key.id for key in keys if key.is_expired(now)]
    if expired:
        yield f"{_listed(expired)} expired and can go: `parley keys revoke`"
    given = settings.api_keys.get_secret_value() if settings.api_keys else ""
    for path in key_files(given):
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            yield f"everybody on this machine can read or write {path}: chmod 600"


def _limits(settings: StackSettings) -> Iterator[str]:
    if settings.is_exposed and settings.usual_limit is None:
        yield "one client can take all capacity: set PARLEY_RATE_LIMIT to 50/s, for example"


def _proxies(settings: StackSettings) -> Iterator[str]:
    wide = [each for each in settings.proxies.networks if each.prefixlen < _WIDE_PREFIX_BITS]
    if wide:
        yield f"PARLEY_TRUSTED_PROXIES trusts {wide[0]}: whoever is there can claim any address"


def _flower(settings: StackSettings) -> Iterator[str]:
    login = settings.flower_basic_auth
    if login is None and settings.is_exposed:
        yield "Flower has no login, so it stays on 127.0.0.1: set PARLEY_FLOWER_BASIC_AUTH"
    passwords = (each.partition(":")[2] for each in login.split(",")) if login else ()
    if any(len(password) < _SHORT_PASSWORD_CHARACTERS for password in passwords):
        yield f"a password of Flower has less than {_SHORT_PASSWORD_CHARACTERS} characters"


def _redis(settings: StackSettings) -> Iterator[str]:
    hosts, password = _redis_hosts(settings.redis_address)
    if hosts and not password and not all(map(is_loopback, hosts)):
        yield (
            "Redis asks for no password on another machine: whoever reaches it reads every "
            "conversation; set requirepass there and write it into PARLEY_REDIS_URL"
        )


def _redis_hosts(url: str) -> tuple[list[str], str | None]:
    address = read_redis_address(url)
    if isinstance(address, SentinelAddress):
        return [host for host, _ in address.sentinels], address.password
    if isinstance(address, ClusterAddress):
        return [host for host, _ in address.nodes], address.password
    return [] if address.path is not None else [address.host], address.password


def _webhook(settings: StackSettings) -> Iterator[str]:
    url = urlsplit(settings.handover_webhook or "")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield "handovers, with what customers wrote, travel unencrypted: use https"


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return f"keys {', '.join(ids[:3])}{more}" if len(ids) > 1 else f"key {ids[0]}"
