"""Connections to a language model's server: time limits, keep-alive, TLS."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_calls import PROMPTS, TEXT, Opened, fault_of, opening_models, read, replies
from tests.support.model_server import ModelReply, ModelServer


@pytest.fixture
def opened() -> Iterator[Opened]:
    with opening_models() as open_one:
        yield open_one


def test_who_leaves_has_the_server_stop_at_once(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=2)) as server:
        model = opened(server.url)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5) as reply:
            assert next(iter(reply)) == "Refunds"
        assert server.wait_for(lambda: server.disconnects == 1)
        assert model.gauges()["llm_places_taken"] == 0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (ModelReply(text=TEXT, stall_after=0), "late"),
        (ModelReply(text=TEXT, stall_after=2), "late"),
        (ModelReply(text=TEXT, stall_after=0, ping_seconds=0.01), "late"),
        (ModelReply(text=TEXT, stall_after=3, ping_seconds=0.01), "late"),
        (ModelReply(text=TEXT, head_drip_seconds=0.05), "late"),
        (ModelReply(text=TEXT * 9, piece_delay_seconds=0.2), "late"),
        (ModelReply(text=TEXT, is_streamed=False, first_delay_seconds=5), "late"),
        (ModelReply(status=500, first_delay_seconds=5), "late"),
    ],
)
def test_no_server_holds_a_thread_beyond_its_time(
    opened: Opened, reply: ModelReply, reason: str
) -> None:
    with ModelServer(reply) as server:
        model = opened(server.url)
        started_at = time.monotonic()
        assert fault_of(model, seconds=0.08).reason == reason
        assert 0.07 < time.monotonic() - started_at < 3
        assert server.wait_for(lambda: server.in_flight == 0)


def test_a_server_that_is_silent_in_between_is_left_before_the_time_is_over(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=2)) as server:
        assert fault_of(opened(server.url, stall_seconds=0.03), seconds=60).reason == "late"


def test_a_port_that_takes_connections_and_is_silent(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = opened(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", model=None)
        assert fault_of(model, seconds=0.05).reason == "late"


def test_a_port_where_nobody_listens(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    model = opened(url)
    fault = fault_of(model)
    assert fault.reason == "unreachable"
    assert "refused" in str(fault)
    assert model.gauges()["llm_retries"] == 2


def test_a_host_without_a_name(opened: Opened) -> None:
    assert fault_of(opened("http://no-such-host.invalid/v1")).reason in ("unreachable", "late")


def test_threads_that_look_for_a_host_are_not_waited_for(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        found.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        assert fault_of(opened("http://slow.invalid/v1"), seconds=0.03).reason == "late"
    finally:
        found.set()


def test_a_reply_that_said_its_end_is_not_waited_for(opened: Opened) -> None:
    body = b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}\n\n'
    headers = {"Content-Length": "9999"}
    with ModelServer(ModelReply(raw=body, headers=headers, stall_after=0)) as server:
        started_at = time.monotonic()
        assert read(opened(server.url), seconds=60) == "Yes."
        assert time.monotonic() - started_at < 5


def test_the_connection_is_kept_for_the_next_reply(opened: Opened) -> None:
    with ModelServer(TEXT) as server:
        model = opened(server.url + "/")
        assert [read(model), read(model), read(model)] == [TEXT] * 3
        assert server.connections == 1


def test_a_server_that_was_started_again_meets_idle_connections(opened: Opened) -> None:
    with ModelServer(TEXT) as server:
        model = opened(server.url)
        assert read(model) == TEXT
        server.drop_connections()
        assert read(model) == TEXT


def test_proxies_of_the_environment_are_not_used(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ModelServer(TEXT) as server:
        assert read(opened(server.url)) == TEXT


def test_cookies_are_neither_kept_nor_sent(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, headers={"Set-Cookie": "a=b; Path=/"})) as server:
        model = opened(server.url)
        assert [read(model), read(model)] == [TEXT, TEXT]
        assert "Cookie" not in server.headers[-1]
        assert server.headers[-1]["Accept-Encoding"] == "identity"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, signed by itself, with its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", f"{path}.key", "-out", path, "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.key").read_text())
    return path


def test_over_tls(opened: Opened, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    stalls = ModelReply(text=TEXT, stall_after=2, ping_seconds=0.01)
    with ModelServer(replies(TEXT, TEXT, stalls), certificate=certificate) as server:
        model = opened(server.url)
        assert [read(model), read(model)] == [TEXT, TEXT]
        assert server.connections == 1
        assert fault_of(model, seconds=0.08).reason == "late"
        assert server.wait_for(lambda: server.disconnects == 1)


def test_a_certificate_that_nobody_vouches_for(opened: Opened, certificate: Path) -> None:
    with ModelServer(TEXT, certificate=certificate) as server:
        assert "certificate" in str(fault_of(opened(server.url)))
        assert not server.requests


def test_a_handshake_that_nobody_answers(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = opened(f"https://127.0.0.1:{silent.getsockname()[1]}/v1")
        assert fault_of(model, seconds=0.05).reason == "late"
