"""Settings that hold paths, made absolute: services do not run in the folder of who starts them."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from infra.supervisor.settings import StackSettings

_TLS_FILES = frozenset(("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"))


def absolute_paths(settings: StackSettings) -> dict[str, str]:
    """Return the variable of each setting that is a path, as seen from this folder."""
    values = {name: getattr(settings, name) for name in StackSettings.model_fields}
    return {
        f"PARLEY_{name.upper()}": _absolute(value)
        for name, value in values.items()
        if isinstance(value, Path)
    }


def with_absolute_files(redis_url: str) -> str:
    """Return a Redis address whose certificate files are named by absolute paths."""
    address = urlsplit(redis_url)
    options = parse_qsl(address.query)
    if not any(name in _TLS_FILES for name, _ in options):
        return redis_url
    absolute = [(name, _absolute(v) if name in _TLS_FILES else v) for name, v in options]
    return urlunsplit(address._replace(query=urlencode(absolute, safe="/")))


def _absolute(path: str | Path) -> str:
    return str(Path(path).expanduser().absolute())
