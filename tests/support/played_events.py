"""A gateway that a test plays: it answers each request with what the test has lined up."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPLY: dict[str, Any] = {
    "response": "Your parcel is **on its way**.",
    "job_id": "job-1",
    "conversation_id": "talk-1",
    "tone": {"label": "negative", "score": 0.876, "emotions": {}},
    "answer": {
        "kind": "answer",
        "id": "delivery-status",
        "confidence": 0.934,
        "alternatives": [],
        "reask_score": None,
    },
    "timings": {"total_ms": 12.4},
    "engine": "litert",
    "truncated": False,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Played:
    """One response: JSON, a text, or a stream of (event, id, data) that then ends or stays open."""

    status: int = 200
    body: object = None
    text: str | None = None
    events: tuple[tuple[str, str, object], ...] | None = None
    stays_open: bool = False


@dataclass
class Script:
    """Responses by the beginning of method and path, in order; the last one is repeated."""

    responses: dict[str, deque[Played]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def play(self, request: str, *responses: Played) -> None:
        """Line up what is answered to requests such as `POST /chat`."""
        self.responses[request] = deque(responses)

    def next_for(self, method: str, path: str) -> Played:
        """Return the response to a request."""
        for beginning, queue in self.responses.items():
            if f"{method} {path}".startswith(beginning):
                return queue.popleft() if len(queue) > 1 else queue[0]
        return Played(404, {"title": "Not found"})

    def asked(self, beginning: str) -> list[Sent]:
        """Return the requests that came in for a method and path."""
        return [each for each in self.sent if f"{each.method} {each.path}".startswith(beginning)]


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        self.script.sent.append(Sent(self.command, self.path, dict(self.headers), body))
        played = self.script.next_for(self.command, self.path)
        self.send_response(played.status)
        if played.events is None:
            self.end_headers()
            body = "" if played.body is None else json.dumps(played.body)
            self.wfile.write((body if played.text is None else played.text).encode())
            return
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for name, event_id, data in played.events:
            frame = f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
            self.wfile.write(frame.encode())
        self.wfile.flush()
        if played.stays_open:
            self.script.closing.wait(10)


@contextmanager
def played_gateway() -> Iterator[tuple[str, Script]]:
    """Serve a script; yield the address and the script."""
    script = Script()
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", script
    finally:
        script.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
