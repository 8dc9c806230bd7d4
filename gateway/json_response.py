"""Answers for programs that nothing on the way may keep."""

import msgspec
from flask import Response


def show(value: object, status: int = 200) -> Response:
    """Return a value as JSON."""
    response = Response(msgspec.json.encode(value), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
