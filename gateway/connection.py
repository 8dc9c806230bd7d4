"""The connection of the current request."""

from flask import request


def client_descriptor() -> int | None:
    """Return the descriptor of the client's connection if the server names it and it is open."""
    client = request.environ.get("gunicorn.socket")
    descriptor = -1 if client is None else client.fileno()
    return None if descriptor < 0 else descriptor


def end_connection() -> None:
    """Let the connection end with this answer: what follows may be the rest of this request.

    gunicorn takes no notice of the answer's own Connection header.
    """
    end = getattr(request.environ.get("wsgi.input"), "end_connection", None)
    if end is not None:
        end()
