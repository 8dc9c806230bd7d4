"""What may follow the `?` of a Redis URL: each option is honoured by every connection, or refused.

Parley's own connections and Celery's are made by different libraries, which know different options.
Here are those that both can be given.
"""

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

_CERT_REQS = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_TLS_VERSIONS = {
    "TLSV1.2": ssl.TLSVersion.TLSv1_2,
    "TLSV1.3": ssl.TLSVersion.TLSv1_3,
}
_MIN_SOCKET_TIMEOUT = 1.0  # a worker's call waits half a second for a message
_ANSWERED = {
    "max_connections": "connections are as many as are needed",
    "decode_responses": "replies are read as bytes",
    "encoding": "everything is UTF-8",
    "encoding_errors": "everything is UTF-8",
}


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """Options of a connection that a URL gives, by redis-py's names and as Python values.

    `given` has times in seconds. `tls` holds arguments of redis-py's SSLConnection.
    """

    given: Mapping[str, object] = field(default_factory=dict)
    tls: Mapping[str, object] = field(default_factory=dict, repr=False)


def split_query(query: str) -> dict[str, str]:
    """Return the options of a URL; raise ValueError for one that comes twice."""
    found: dict[str, str] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if found.setdefault(name.lower(), text) != text:
            raise ValueError(f"option {name} comes twice")
    return found


def read_options(given: Mapping[str, str], *, tls: bool) -> RedisOptions:
    """Return the options of a connection; raise ValueError that names the first faulty one."""
    plain: dict[str, object] = {}
    secure: dict[str, object] = {"ssl_cert_reqs": ssl.CERT_REQUIRED} if tls else {}
    for name, text in given.items():
        if name in _TLS:
            if not tls:
                raise ValueError(f"option {name} needs a URL that begins with rediss://")
            secure[name] = _read(name, text, _TLS[name])
        elif name in _PLAIN:
            plain[name] = _read(name, text, _PLAIN[name])
        elif name in _CHECKED:
            _read(name, text, _CHECKED[name])
        else:
            raise ValueError(_unknown(name))
    return RedisOptions(plain, secure)


def check_files(options: RedisOptions) -> None:
    """Raise ValueError if a file or folder that the options of TLS name cannot be read."""
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_ca_path"):
        path = options.tls.get(name)
        if isinstance(path, str) and not os.access(path, os.R_OK):
            why = "cannot be read" if os.path.exists(path) else "does not exist"  # noqa: PTH110
            raise ValueError(f"option {name} names {path}, which {why}")


def _unknown(name: str) -> str:
    if name in _ANSWERED:
        return f"option {name} is not offered: {_ANSWERED[name]}"
    offered = ", ".join(sorted(("db", *_PLAIN, *_TLS)))
    return f"option {name} is not offered; these are: {offered}"


def _read(name: str, text: str, reader: Callable[[str], object]) -> object:
    try:
        return reader(text)
    except (ValueError, KeyError) as error:
        why = f": {error}" if isinstance(error, _Fault) else ""
        raise ValueError(f"option {name} cannot be {text[:40]!r}{why}") from None


class _Fault(ValueError):
    """Say what a value must be."""


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise _Fault("a number of seconds above 0 is needed")
    return seconds


def _reply_seconds(text: str) -> float:
    seconds = _seconds(text)
    if seconds < _MIN_SOCKET_TIMEOUT:
        raise _Fault("1 second is the least, since workers wait for messages")
    return seconds


def _interval(text: str) -> int:
    seconds = float(text)
    if not 0 <= seconds < 1e6 or seconds != int(seconds):
        raise _Fault("whole seconds are needed, or 0 for never")
    return int(seconds)


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "yes": True, "on": True,
            "false": False, "0": False, "no": False, "off": False}[text.lower()]  # fmt: skip


def _name(text: str) -> str:
    if not text.isprintable() or not text or " " in text:
        raise _Fault("printable text without spaces is needed")
    return text


def _cert_reqs(text: str) -> ssl.VerifyMode:
    return _CERT_REQS[text.lower().removeprefix("cert_")]


def _tls_version(text: str) -> ssl.TLSVersion:
    return _TLS_VERSIONS[text.upper().replace("_", ".")]


def _protocol(text: str) -> None:
    if text != "3":
        raise _Fault("all connections speak RESP3")


def _retry(text: str) -> None:
    if not _boolean(text):
        raise _Fault("a call that times out is always repeated")


_PLAIN: Mapping[str, Callable[[str], object]] = {
    "socket_timeout": _reply_seconds,
    "socket_connect_timeout": _seconds,
    "health_check_interval": _interval,
    "socket_keepalive": _boolean,
    "client_name": _name,
}
_TLS: Mapping[str, Callable[[str], object]] = {
    "ssl_cert_reqs": _cert_reqs,
    "ssl_check_hostname": _boolean,
    "ssl_min_version": _tls_version,
    **dict.fromkeys(
        ("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile"), str
    ),
    **dict.fromkeys(("ssl_password", "ssl_ciphers"), str),
}
# What holds for every connection anyway; another value is refused.
_CHECKED: Mapping[str, Callable[[str], object]] = {
    "protocol": _protocol,
    "retry_on_timeout": _retry,
}
