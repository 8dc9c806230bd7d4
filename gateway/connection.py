"""The connection of the current request."""

from flask import request


def client_descriptor() -> int | None:
    """Return the descriptor of the client's connection if the server names it."""
    client = request.environ.get("gunicorn.socket")
    return None if client is None else client.fileno()
