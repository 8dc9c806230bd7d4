"""Answer a request with an event stream, and free the stream's place at its end."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from flask import Response, request

from gateway.connection import client_descriptor
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.watches import Watch

# A client that does not read costs this much memory, in the system alone, for this long.
SEND_BUFFER_BYTES = 32 * 1024
SEND_SECONDS = 20.0


def event_response(
    frames: Iterator[bytes],
    watch: Watch,
    disconnect_watcher: DisconnectWatcher,
    *,
    headers: Mapping[str, str] | None = None,
    on_disconnect: Callable[[], None] = lambda: None,
) -> Response:
    """Return the response to the current request; `on_disconnect` runs if the client goes away."""
    response = Response(frames, headers=headers)
    response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
    response.call_on_close(watch.close)  # first: it must not depend on what the connection does
    descriptor = client_descriptor()
    if descriptor is not None:
        disconnect_watcher.watch(descriptor, watch, on_disconnect)
        response.call_on_close(lambda: disconnect_watcher.forget(descriptor))
    with suppress(OSError):  # it is closed already: the first write will say so
        _bound_sending(response, request.environ.get("gunicorn.socket"))
    return response


def _bound_sending(response: Response, client: socket.socket | None) -> None:
    """Let the connection fail when its client does not read for a while."""
    if client is None:
        return
    before = client.gettimeout()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    client.settimeout(SEND_SECONDS)
    response.call_on_close(lambda: client.settimeout(before))
