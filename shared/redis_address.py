"""Where Redis is, from one URL: a server, whatever Sentinel calls master, or a cluster.

redis://[user:password@]host:port/0
rediss://[user:password@]host:port/0[?ssl_ca_certs=/path/ca.pem]
unix://[user:password@]/path/redis.sock[?db=0]
sentinel://[user:password@]host:port[,host:port…]/service[/0][?sentinel_password=…]
redis+cluster://[user:password@]host:port[,host:port…]
rediss+cluster://[user:password@]host:port[,host:port…][?ssl_ca_certs=/path/ca.pem]

valkey:// and valkeys:// are read as redis:// and rediss://, redis+socket:// as unix://. Every
connection is made from what is read here, Celery's too (workers/celery_link.py).
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from shared.redis_options import RedisOptions, read_options, split_query

_PORT = 6379
_SENTINEL_PORT = 26379
_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
    "redis+socket": "unix",
    "sentinel": "sentinel",
    "redis+cluster": "cluster",
    "rediss+cluster": "clusters",
    "valkey+cluster": "cluster",
    "valkeys+cluster": "clusters",
}
_OF_SEVERAL = ("sentinel", "cluster", "clusters")
_PASSWORD = re.compile(r"(?<=://).*@|((?:sentinel_|ssl_)?password=)[^&#]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """One server, at a host and port or, if there is a `path`, at a socket on this machine."""

    host: str = "localhost"
    port: int = _PORT
    path: str | None = None
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    options: RedisOptions = field(default_factory=RedisOptions)


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """The sentinels to ask, the name of the service, and how to enter the server they name."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    options: RedisOptions = field(default_factory=RedisOptions)


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """Some nodes of a Redis Cluster, by which all are found, and how to enter them."""

    nodes: tuple[tuple[str, int], ...]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    options: RedisOptions = field(default_factory=RedisOptions)

    def node(self, host: str, port: int) -> ServerAddress:
        """Return one node's address."""
        return ServerAddress(
            host=host,
            port=port,
            username=self.username,
            password=self.password,
            tls=self.tls,
            options=self.options,
        )


RedisAddress = ServerAddress | SentinelAddress | ClusterAddress


def read_redis_address(url: str) -> RedisAddress:
    """Return what a URL says; raise ValueError with what is wrong with it, without its password."""
    scheme, separator, rest = url.strip().partition("://")
    kind = _SCHEMES.get(scheme.lower())
    if not separator or kind is None:
        raise ValueError(f"it must begin with one of {', '.join(f'{s}://' for s in _SCHEMES)}")
    if ";" in rest.partition("?")[0] or (kind not in _OF_SEVERAL and "," in _host_part(rest)):
        raise ValueError(
            "several servers are not offered; sentinel://one,two/service and "
            "redis+cluster://one,two are"
        )
    try:
        parts = urlsplit(f"{kind}://{rest}")
        given = split_query(parts.query)
    except ValueError as error:
        raise ValueError(str(error).partition(" '")[0]) from None
    if parts.fragment:
        raise ValueError("a # in it must be written %23")
    if kind in ("cluster", "clusters"):
        return _read_cluster(parts, given)
    return _read_sentinels(parts, given) if kind == "sentinel" else _read_server(parts, given)


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return _PASSWORD.sub(lambda found: f"{found[1]}…" if found[1] else "…@", url)


def _host_part(rest: str) -> str:
    return re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]


def _read_server(parts: SplitResult, given: dict[str, str]) -> ServerAddress:
    username, password, hosts = _read_entry(parts, given)
    is_socket, tls = parts.scheme == "unix", parts.scheme == "rediss"
    if is_socket and (hosts or not parts.path.strip("/")):
        raise ValueError("unix:///path/redis.sock names a file, with three slashes")
    host, port = _read_host(hosts, _PORT)
    database = _read_database("" if is_socket else parts.path.strip("/"), given)
    return ServerAddress(
        host=host or "localhost",
        port=port,
        path=unquote(parts.path) if is_socket else None,
        database=database,
        username=username,
        password=password,
        tls=tls,
        options=read_options(given, tls=tls),
    )


def _read_sentinels(parts: SplitResult, given: dict[str, str]) -> SentinelAddress:
    username, password, hosts = _read_entry(parts, given)
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("sentinel://host:port/service names a service after the hosts")
    sentinels = [_read_host(host, _SENTINEL_PORT) for host in hosts.split(",")]
    if not all(host for host, _ in sentinels):
        raise ValueError("sentinel://host:port,host:port/service has an empty host")
    sentinel_password = given.pop("sentinel_password", None)
    if "health_check_interval" in given:
        raise ValueError("option health_check_interval is not offered with Sentinel")
    return SentinelAddress(
        sentinels=tuple(sentinels),
        service=unquote(service),
        database=_read_database(database, given),
        username=username,
        password=password,
        sentinel_password=sentinel_password,
        options=read_options(given, tls=False),
    )


def _read_cluster(parts: SplitResult, given: dict[str, str]) -> ClusterAddress:
    username, password, hosts = _read_entry(parts, given)
    if _read_database(parts.path.strip("/"), given) != 0:
        raise ValueError("a cluster has no database but 0")
    nodes = [_read_host(host, _PORT) for host in hosts.split(",")]
    if not all(host for host, _ in nodes):
        raise ValueError("redis+cluster://host:port,host:port has an empty host")
    tls = parts.scheme == "clusters"
    options = read_options(given, tls=tls)
    return ClusterAddress(tuple(nodes), username, password, tls, options)


def _read_entry(parts: SplitResult, given: dict[str, str]) -> tuple[str | None, str | None, str]:
    """Return user and password, which may be options too, and the rest: where to connect."""
    entry, _, hosts = parts.netloc.rpartition("@")
    username, _, password = entry.partition(":")
    return (
        unquote(username) or given.pop("username", "") or None,
        unquote(password) or given.pop("password", "") or None,
        hosts,
    )


def _read_host(host: str, default_port: int) -> tuple[str, int]:
    """Return name and port; a fault is told without its text, which may be part of a password."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(
            "the port is no number from 1 to 65535, or the password has a character that must be "
            "percent-encoded (/ ? # @ :), or the host a bracket too few"
        ) from None
    if port == 0:
        raise ValueError("port 0 is no port")
    return unquote(name), port or default_port


def _read_database(path: str, given: dict[str, str]) -> int:
    """Return the database, from the path or from `db` (Celery's spelling: `virtual_host`)."""
    asked = (path, given.pop("db", ""), given.pop("virtual_host", ""))
    named = set(filter(None, (asked[0].strip("/"), asked[1].strip("/"), asked[2].strip("/"))))
    if len(named) > 1:
        raise ValueError("it names two databases")
    name = named.pop() if named else "0"
    if not (name.isascii() and name.isdigit()):
        raise ValueError("a database is a number, as in /0 or ?db=0")
    return int(name)
