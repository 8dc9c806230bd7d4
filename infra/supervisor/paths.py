"""Settings that hold paths, made absolute: services do not run in the folder of who starts them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from infra.supervisor.settings import StackSettings

_TLS_FILES = frozenset(("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"))


def absolute_paths(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return each PARLEY_* variable that is set and holds a path, as seen from this folder."""
    names = [
        f"PARLEY_{name.upper()}"
        for name, field in StackSettings.model_fields.items()
        if Path in (field.annotation, *get_args(field.annotation))
    ]
    return {name: _absolute(environment[name]) for name in names if environment.get(name)}


def with_absolute_files(redis_url: str) -> str:
    """Return a Redis address whose certificate files are named by absolute paths."""
    address = urlsplit(redis_url)
    options = parse_qsl(address.query)
    if not any(name in _TLS_FILES for name, _ in options):
        return redis_url
    absolute = [(name, _absolute(v) if name in _TLS_FILES else v) for name, v in options]
    return urlunsplit(address._replace(query=urlencode(absolute, safe="/")))


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
