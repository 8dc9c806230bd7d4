"""`parley ask` against a gateway that a test plays."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from infra.cli.exit_status import ExitStatus
from infra.http_client import is_http_url
from tests.support.played_events import REPLY
from tests.support.processes import free_port

Parley = Callable[..., tuple[int, str, str]]


class PlayedGateway(HTTPServer):
    """Answer every POST with what the test has set."""

    status = 200
    body: bytes = json.dumps(REPLY).encode()
    asked: list[dict[str, Any]]
    sent_key: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: PlayedGateway

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.sent_key = self.headers["Authorization"]
        self.server.asked.append(json.loads(self.rfile.read(length)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedGateway]:
    server = PlayedGateway(("127.0.0.1", 0), _Handler)
    server.asked = []
    monkeypatch.setenv("PARLEY_HTTP_PORT", str(server.server_port))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_answer_is_rendered_with_how_it_came_about(
    parley: Parley, gateway: PlayedGateway
) -> None:
    code, out, err = parley("ask", "Where is my parcel?")
    assert (code, err) == (0, "")
    assert gateway.asked == [{"message": "Where is my parcel?"}]
    assert "Your parcel is on its way." in out
    assert "answer delivery-status · 93% sure · tone negative 88% · 12 ms" in out


def test_json_is_the_reply_itself(parley: Parley, gateway: PlayedGateway) -> None:
    assert json.loads(parley("ask", "Where?", "--json")[1]) == REPLY


def test_a_refusal_is_told_with_its_reason(parley: Parley, gateway: PlayedGateway) -> None:
    gateway.status, gateway.body = 503, b'{"title": "Queue full", "detail": "Try in 3 s."}'
    code, out, err = parley("ask", "Where?")
    assert (code, out) == (ExitStatus.BUSY, "")
    assert err == "The gateway refused (503): Try in 3 s.\n"


def test_a_reply_that_takes_too_long_names_its_job(parley: Parley, gateway: PlayedGateway) -> None:
    gateway.status, gateway.body = 202, b'{"job_id": "job-9"}'
    code, _, err = parley("ask", "Where?")
    assert code == ExitStatus.BUSY
    assert "job-9" in err


def test_what_is_no_gateway_is_called_so(parley: Parley, gateway: PlayedGateway) -> None:
    gateway.body = b"<html>hello</html>"
    assert "not a Parley gateway" in parley("ask", "Where?")[2]


def test_no_gateway_is_one_sentence_that_says_what_to_do(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PARLEY_HTTP_PORT", str(port))
    code, out, err = parley("ask", "Where?")
    assert (code, out) == (ExitStatus.UNREACHABLE, "")
    assert f"No gateway answers at http://127.0.0.1:{port} (connection refused)" in err
    assert "make run" in err
    assert len(err.splitlines()) == 1


def test_a_key_is_sent_and_asked_for(
    parley: Parley, gateway: PlayedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parley("ask", "Where is it?")[0] == 0
    assert gateway.sent_key is None
    monkeypatch.setenv("PARLEY_API_KEY", "pk_1_a\n")
    assert parley("ask", "Where is it?")[0] == 0
    assert gateway.sent_key == "Bearer pk_1_a"
    gateway.status, gateway.body = 401, b'{"detail": "This API key has expired."}'
    code, _, told = parley("ask", "Where is it?")
    assert code == ExitStatus.KEY_REFUSED
    assert "This API key has expired. Set PARLEY_API_KEY." in told


@pytest.mark.parametrize(
    "url",
    [
        *("gateway", "http://", "http://[::1", "http://h:x", "http://h:99999", "ftp://h"),
        *(
            f"http://{'a' * 80}",
            "http://h/ x",
            "http://anna:secret@h",
            "http://h/\x7f",
            "http://h/ü",
        ),
    ],
)
@pytest.mark.parametrize("command", [("ask", "Hi"), ("chat",), ("top", "--once")])
def test_what_is_no_address_is_told_so(parley: Parley, command: tuple[str, ...], url: str) -> None:
    code, _, err = parley(*command, "--url", url)
    assert code == ExitStatus.USAGE
    assert err.startswith("--url is an address as https://chat.example.org, not ")


@pytest.mark.parametrize(
    "url", ["http://h", "https://h:8443/base", "http://[::1]:80", "http://ü.de"]
)
def test_addresses_are_taken(url: str) -> None:
    assert is_http_url(url)
