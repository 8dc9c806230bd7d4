"""Serve below a path of another site, behind a proxy that strips that path or leaves it."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gateway.client_address import TrustedProxies

_PATH = re.compile(r"(/[A-Za-z0-9_~.-]+)+\Z")
_MAX_CHARACTERS = 256


def read_base_path(text: str) -> str:
    """Return a path that begins with a slash and ends without one, or nothing for the root.

    Raises ValueError if it is none.
    """
    path = text.strip().rstrip("/")
    if path and not _is_path(path):
        raise ValueError(
            "a path such as /support is wanted, of letters, digits and any of _ ~ . and -"
        )
    return path


class BasePath:
    """WSGI middleware: take the base path off a request's path, and note it as SCRIPT_NAME.

    A trusted proxy may name another path in X-Forwarded-Prefix, and says in X-Forwarded-Proto
    whether the client came over TLS.
    """

    def __init__(self, app: WSGIApplication, base_path: str, proxies: TrustedProxies) -> None:
        self._app = app
        self._base_path = base_path
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on."""
        prefix = self._base_path
        if self._proxies.is_peer(environ):
            prefix = _forwarded_prefix(environ) or prefix
            if _first(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower() == "https":
                environ["wsgi.url_scheme"] = "https"
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            environ["PATH_INFO"] = _below(prefix, environ)
        return self._app(environ, start_response)


def _below(prefix: str, environ: WSGIEnvironment) -> str:
    """Return the path without the prefix, if the proxy has left it there."""
    path = str(environ.get("PATH_INFO", ""))
    if path.startswith(f"{prefix}/"):
        return path[len(prefix) :]
    if path == prefix and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return "/"
    return path


def _forwarded_prefix(environ: WSGIEnvironment) -> str:
    """Return what the proxies have stripped, the outermost first; nothing if it is no path."""
    parts = environ.get("HTTP_X_FORWARDED_PREFIX", "").split(",")
    prefix = "".join(part.strip().rstrip("/") for part in parts)
    return prefix if _is_path(prefix) else ""


def _is_path(path: str) -> bool:
    dots = {".", ".."} & set(path.split("/"))
    return len(path) <= _MAX_CHARACTERS and not dots and _PATH.match(path) is not None


def _first(listed: str) -> str:
    return listed.partition(",")[0].strip()
