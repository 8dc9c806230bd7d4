"""A scripted OpenAI-compatible server, in this process or one of its own.

    def script(request: dict[str, Any]) -> str | ModelReply:
        return "Yes. " + request["messages"][-1]["content"]

    with ModelServer(script) as server:
        ...  # PARLEY_LLM_URL=server.url, which ends in /v1

A script gets the body of each POST /v1/chat/completions and returns the text to say, in pieces of
a word, or a `ModelReply`, which says how: late, slowly, broken off, malformed. A plain text or
`ModelReply` instead of a script is what the server always says. Scripts run in the threads of
their requests, many at once. A script that raises cuts its connection.

What came is in `requests` (the bodies), `headers`, `keys` (Authorization) and `model_lookups`;
what was seen in `in_flight`, `most_at_once`, `connections` and `disconnects` (replies whose client
went away before their end). `wait_for` waits for any of it.

As a process: `python -m tests.support.model_server --port 8092 --texts texts.json`, a JSON list of
texts that are said in turn; it runs until SIGTERM.
"""

import argparse
import itertools
import json
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

MODEL = "test-model"
_FOR_EVER = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """One reply and how it is sent.

    `pieces` are sent instead of `text` cut into words. `status` other than 200 sends a JSON error
    and no text. Counts of pieces: `break_after` closes the connection after so many, without an
    end; `stall_after` sends nothing more after so many (0: no first token) until the client goes
    away. While it waits or stalls it sends a comment each `ping_seconds`. `head_drip_seconds`:
    the response's head comes byte by byte. `raw` is sent as the body instead of all else, as it is;
    a `Content-Length` in `headers` may lie. `usage` (prompt and completion tokens) is told only if
    the request asks for it.
    """

    text: str = ""
    pieces: Sequence[str] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    first_delay_seconds: float = 0.0
    piece_delay_seconds: float = 0.0
    break_after: int | None = None
    stall_after: int | None = None
    ping_seconds: float | None = None
    head_drip_seconds: float | None = None
    is_streamed: bool = True
    finish_reason: str = "stop"
    usage: tuple[int, int] | None = (20, 10)
    raw: bytes | None = None

    @property
    def all_pieces(self) -> list[str]:
        """Return what is sent, piece by piece."""
        return list(self.pieces) if self.pieces is not None else re.findall(r"\s*\S+", self.text)


Script = Callable[[dict[str, Any]], str | ModelReply]


class ClientLeft(Exception):
    """The client has closed the connection, or the server is closed."""


class BrokenOff(Exception):
    """The script ends this reply, and its connection, here."""


class ModelServer(ThreadingHTTPServer):
    """Say what a script says; a context manager, on 127.0.0.1 and a free port unless one is set."""

    daemon_threads = False  # all are joined when it is closed
    request_queue_size = 128

    def __init__(
        self,
        script: Script | str | ModelReply,
        *,
        port: int = 0,
        models: Sequence[str] = (MODEL,),
        key: str | None = None,
        refused_parameters: Sequence[str] = (),
        certificate: Path | None = None,
    ) -> None:
        """`key`: what calls must bring, else 401. `refused_parameters` in a body answer 400.

        `certificate`: a PEM file with its key, to speak TLS.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        self._scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.script: Script = script if callable(script) else lambda _: script
        self.models = list(models)
        self.key = key
        self.refused_parameters = tuple(refused_parameters)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.model_lookups = 0
        self.in_flight = 0
        self.most_at_once = 0
        self.connections = 0
        self.disconnects = 0
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"{self._scheme}://127.0.0.1:{self.server_address[1]}/v1"

    def wait_for(self, is_so: Callable[[], bool], seconds: float = 5.0) -> bool:
        """Wait until something of what was seen is so; tell whether it is."""
        with self._changed:
            return self._changed.wait_for(is_so, timeout=seconds)

    def drop_connections(self) -> None:
        """Cut all connections, as a server that crashes does."""
        with self._changed:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.drop_connections()
        self.server_close()

    @contextmanager
    def noted(self, connection: socket.socket) -> Iterator[None]:
        """Keep a connection, to be cut when the server is closed."""
        with self._changed:
            self._open.add(connection)
            self.connections += 1
        try:
            yield
        finally:
            with self._changed:
                self._open.discard(connection)

    @contextmanager
    def counted(self, body: dict[str, Any], headers: Message) -> Iterator[None]:
        """Count a request while it is answered."""
        with self._changed:
            self.requests.append(body)
            self.headers.append(dict(headers.items()))
            self.keys.append(headers["Authorization"])
            self.in_flight += 1
            self.most_at_once = max(self.most_at_once, self.in_flight)
            self._changed.notify_all()
        try:
            yield
        except (ClientLeft, OSError):
            with self._changed:
                self.disconnects += 1
            raise
        finally:
            with self._changed:
                self.in_flight -= 1
                self._changed.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients go away on purpose."""


class _Handler(BaseHTTPRequestHandler):
    """Answer one connection's requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _model(self) -> ModelServer:
        return cast("ModelServer", self.server)

    def handle(self) -> None:
        """Answer until the connection is closed."""
        with self._model.noted(self.connection), suppress(ClientLeft, BrokenOff, OSError):
            super().handle()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            return self._send_json(200 if self.path == "/health" else 404, {"status": "ok"})
        self._model.model_lookups += 1
        if self._is_refused():
            return None
        rows = [{"id": model, "object": "model"} for model in self._model.models]
        return self._send_json(200, {"object": "list", "data": rows})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            return self._send_json(404, {"error": {"message": "no such path"}})
        with self._model.counted(body, self.headers):
            if not self._is_refused() and not self._is_faulty(body):
                self._reply(body)
        return None

    def _is_refused(self) -> bool:
        is_wrong = self._model.key not in (None, (self.headers["Authorization"] or "")[7:])
        if is_wrong:
            self._send_json(401, {"error": {"message": "wrong key"}})
        return is_wrong

    def _is_faulty(self, body: dict[str, Any]) -> bool:
        names = [name for name in self._model.refused_parameters if name in body]
        if names:
            self._send_json(400, {"error": {"message": f"unknown parameter: {names[0]}"}})
        return bool(names)

    def _reply(self, body: dict[str, Any]) -> None:
        said = self._model.script(body)
        reply = said if isinstance(said, ModelReply) else ModelReply(text=said)
        if reply.status != 200:
            return self._refuse(reply)
        if reply.is_streamed and body.get("stream") and reply.raw is None:
            return self._stream(reply, body)
        return self._send_whole(reply)

    def _refuse(self, reply: ModelReply) -> None:
        self._wait(reply.first_delay_seconds)
        self._send_json(reply.status, {"error": {"message": "refused"}}, reply.headers)

    def _send_whole(self, reply: ModelReply) -> None:
        self._wait(reply.first_delay_seconds)
        if reply.raw is not None:
            self._send_raw(reply.raw, reply)
            return
        message = {"role": "assistant", "content": "".join(reply.all_pieces)}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
        self._send_json(200, {"choices": [choice], "usage": _usage(reply)}, reply.headers)

    def _send_raw(self, body: bytes, reply: ModelReply) -> None:
        length = {"Content-Type": "text/event-stream", "Content-Length": str(len(body))}
        self._send_head(200, {**length, **reply.headers})
        self.wfile.write(body)
        self._halt(reply, 0)

    def _send_json(
        self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        told = {"Content-Type": "application/json", **(headers or {})}
        self._send_body(status, json.dumps(body).encode(), told)

    def _send_body(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._send_head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _send_head(
        self, status: int, headers: Mapping[str, str], drip_seconds: float | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {headers[name]}" for name in headers)]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if drip_seconds is None:
            self.wfile.write(head)
            return
        for byte in head:
            self.wfile.write(bytes([byte]))
            self._wait(drip_seconds)

    def _stream(self, reply: ModelReply, body: dict[str, Any]) -> None:
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        self._send_head(200, {**headers, **reply.headers}, reply.head_drip_seconds)
        self._wait(reply.first_delay_seconds, reply.ping_seconds)
        for count, piece in enumerate(reply.all_pieces):
            self._halt(reply, count)
            self._wait(reply.piece_delay_seconds if count else 0.0, reply.ping_seconds)
            self._send_event(_delta({"content": piece}))
        self._halt(reply, len(reply.all_pieces))
        self._send_event(_delta({}, reply.finish_reason))
        if reply.usage and body.get("stream_options", {}).get("include_usage"):
            self._send_event({"choices": [], "usage": _usage(reply)})
        self._send_chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _halt(self, reply: ModelReply, count: int) -> None:
        """Break off or stall here, if it is to be."""
        if reply.break_after == count:
            self.close_connection = True
            raise BrokenOff
        if reply.stall_after == count:
            self._wait(_FOR_EVER, reply.ping_seconds)

    def _send_event(self, event: dict[str, Any]) -> None:
        self._send_chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _send_chunk(self, chunk: bytes) -> None:
        self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    def _wait(self, seconds: float, ping_seconds: float | None = None) -> None:
        """Wait, with a comment now and then; raise ClientLeft at once if the client goes away."""
        while seconds > 0:
            pause = min(seconds, ping_seconds or seconds)
            if select.select([self.connection], [], [], pause)[0]:
                raise ClientLeft
            seconds -= pause
            if ping_seconds:
                self._send_chunk(b": ping\n\n")


def _delta(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]}


def _usage(reply: ModelReply) -> dict[str, int] | None:
    if reply.usage is None:
        return None
    prompt, completion = reply.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def main() -> None:
    """Say the texts of a file in turn, until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    options = parser.parse_args()
    texts = itertools.cycle(json.loads(options.texts.read_text()))
    with ModelServer(lambda _: next(texts), port=options.port) as server:
        server.wait_for(lambda: False, threading.TIMEOUT_MAX)


if __name__ == "__main__":
    main()
