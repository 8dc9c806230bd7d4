"""A gateway that a test plays: it refuses each message once, for a second."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BusyGateway(ThreadingHTTPServer):
    """Answer POST /chat with 503 and then, under the same Idempotency-Key, with a reply."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BusyHandler)
        self.heard: list[tuple[str, str]] = []  # Idempotency-Key and Authorization

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_port}"


class BusyHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: BusyGateway

    def do_POST(self) -> None:
        """Refuse what comes for the first time."""
        self.rfile.read(int(self.headers["Content-Length"]))
        sent = self.headers["Idempotency-Key"], self.headers["Authorization"]
        known = sent in self.server.heard
        self.server.heard.append(sent)
        body = {"response": "At last."} if known else {"detail": "10,000 messages wait."}
        content = json.dumps(body).encode()
        self.send_response(200 if known else 503)
        self.send_header("Content-Length", str(len(content)))
        if not known:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@contextmanager
def running_busy_gateway() -> Iterator[BusyGateway]:
    """Serve until the test is over."""
    with BusyGateway() as gateway:
        thread = threading.Thread(target=gateway.serve_forever, daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            gateway.shutdown()
            thread.join()
