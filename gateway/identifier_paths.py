"""Ids in addresses: `/jobs/order%2F123` is the job `order/123`, and not a path of three parts.

WSGI servers decode the path before the routes see it. So an escaped slash is read from the request
line and stands, until the route has its id, as a control character that no id can hold.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.routing import BaseConverter

_ESCAPED_SLASH = re.compile("%2f", re.IGNORECASE)
_STAND_IN = "\x1e"


class IdentifierConverter(BaseConverter):
    """One part of a path, as an id."""

    def to_python(self, value: str) -> str:
        """Return the id."""
        return value.replace(_STAND_IN, "/")


def serve_identifiers(app: Flask) -> None:
    """Let routes take ids as `<identifier:name>`, escaped slashes included."""
    app.url_map.converters["identifier"] = IdentifierConverter
    app.wsgi_app = _keep_escaped_slashes(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _keep_escaped_slashes(inner: WSGIApplication) -> WSGIApplication:
    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        written = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        path = written.partition("?")[0]
        if "%2" in path and path.startswith("/") and _ESCAPED_SLASH.search(path):
            kept = _ESCAPED_SLASH.sub(_STAND_IN, path)
            prefix = environ.get("SCRIPT_NAME", "")
            environ["PATH_INFO"] = unquote_to_bytes(kept).decode("latin-1").removeprefix(prefix)
        return inner(environ, start_response)

    return outer
