"""A help desk that hears of handovers: a real HTTP server on a free port."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class HelpDesk(http.server.ThreadingHTTPServer):
    """Answers with what `statuses` has next, else 204; keeps what it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.trickles = False
        self.heard: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?desk=1"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: HelpDesk

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.heard.append((self.path, headers, body))
        if self.server.trickles:
            self._trickle()
            return
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def _trickle(self) -> None:
        """Send a header that never ends, each byte in time."""
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@contextmanager
def running_help_desk() -> Iterator[HelpDesk]:
    """Serve until the block ends."""
    with HelpDesk() as desk:
        thread = threading.Thread(target=desk.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield desk
        desk.shutdown()
        thread.join()
