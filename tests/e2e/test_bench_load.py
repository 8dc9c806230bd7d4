"""The load generator against a server of which the test knows all: what it sends, and when."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from infra.bench.load import BEGIN, END, LoadSpec, Samples, arrivals, read_samples
from infra.harness.children import running_child
from shared.errors import BenchError

REPLY = {"queue_ms": 1.0, "prepare_ms": 2.0, "engine_ms": 3.0, "compose_ms": 4.0, "total_ms": 10.0}


class Server(ThreadingHTTPServer):
    """Answers each message after `pause_seconds`, those in `refused` with 503."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[str] = []
        self.connections = 0
        self.refused: set[str] = set()
        self.backoff_seconds = 0.0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where the generator has gone."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = msgspec.json.decode(body)["message"]
        self.server.heard.append(message)
        time.sleep(self.server.backoff_seconds)
        answer = msgspec.json.encode({"response": "x", "timings": REPLY})
        self.send_response(503 if message in self.server.refused else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening
        listening.shutdown()


def run(server: Server, folder: Path, texts: list[str], **changes: object) -> Samples:
    (folder / "messages.json").write_bytes(msgspec.json.encode(texts))
    spec = LoadSpec(
        **{
            "url": f"http://127.0.0.1:{server.server_port}",
            "messages": str(folder / "messages.json"),
            "first": 0,
            "users": 2,
            "warm_seconds": 0.1,
            "seconds": 0.3,
            "slow_seconds": 5.0,
            **changes,  # type: ignore[arg-type]
        }
    )
    (folder / "spec.json").write_bytes(msgspec.json.encode(spec))
    arguments = (str(folder / "spec.json"), str(folder / "samples.npz"))
    with running_child("infra.bench.generator", arguments, 60, folder / "log") as generator:
        assert [generator.read_line(), generator.read_line()] == [BEGIN, END]
        generator.finish()
    return read_samples(folder / "samples.npz")


def test_a_closed_loop_sends_each_message_once_before_any_again(
    server: Server, tmp_path: Path
) -> None:
    texts = [f"message {n}" for n in range(7)]
    server.backoff_seconds = 0.01
    samples = run(server, tmp_path, texts, first=5, users=1)
    expected = [texts[(5 + n) % 7] for n in range(len(server.heard))]
    assert server.heard == expected
    assert samples.taken == len(server.heard) == len(samples.done) > 7
    assert samples.ok.all()
    assert (samples.done > samples.sent).all()
    assert samples.stages[0].tolist() == [1.0, 2.0, 3.0, 4.0, 10.0]


def test_a_closed_loop_waits_for_an_answer_to_every_user(server: Server, tmp_path: Path) -> None:
    server.backoff_seconds = 0.4
    samples = run(server, tmp_path, ["slow"], users=3, seconds=0.05, warm_seconds=0.0)
    in_window = (samples.begin <= samples.done) & (samples.done < samples.end)
    assert in_window.sum() >= 3
    assert samples.end - samples.begin > 0.3


def test_an_open_loop_sends_at_its_times_however_slow_the_server(
    server: Server, tmp_path: Path
) -> None:
    server.backoff_seconds = 0.2
    samples = run(server, tmp_path, ["a", "b"], users=64, rate=50.0, seconds=1.0)
    assert len(samples.done) == len(samples.offered) == len(server.heard)
    assert sorted(samples.due) == pytest.approx(samples.offered)
    assert np.median(samples.sent - samples.due) < 0.05
    assert ((samples.done - samples.due) >= 0.2).all()


def test_an_open_loop_keeps_few_connections_busy(server: Server, tmp_path: Path) -> None:
    samples = run(server, tmp_path, ["a", "b"], users=64, rate=50.0, seconds=1.0)
    assert len(samples.done) > 30
    assert server.connections < 15


def test_latency_counts_from_when_a_request_was_due(server: Server, tmp_path: Path) -> None:
    server.backoff_seconds = 0.1
    samples = run(server, tmp_path, ["a"], users=1, rate=40.0, seconds=0.5)
    waited = (samples.done - samples.due)[np.argsort(samples.due)]
    assert waited[-1] > 0.5  # one user answers 10 a second, and the queue of those due grows


def test_refusals_are_errors_without_timings(server: Server, tmp_path: Path) -> None:
    server.refused = {"no"}
    samples = run(server, tmp_path, ["yes", "no"], users=1)
    assert 0 < samples.ok.sum() < len(samples.ok)
    assert np.isnan(samples.stages[~samples.ok]).all()


def test_a_generator_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{}")
    arguments = (str(tmp_path / "spec.json"), str(tmp_path / "samples.npz"))
    with (
        running_child("infra.bench.generator", arguments, 60, tmp_path / "log") as generator,
        pytest.raises(BenchError, match=r"infra\.bench\.generator ended too early: .*url"),
    ):
        generator.read_line()


def test_a_child_ends_when_its_time_is_over(tmp_path: Path) -> None:
    with (
        running_child(
            "http.server", ("0", "--bind", "127.0.0.1"), 0.2, tmp_path / "log"
        ) as endless,
        pytest.raises(BenchError, match="failed"),
    ):
        endless.finish()


def test_arrivals_are_as_many_as_the_rate_says_and_the_same_each_time() -> None:
    times = arrivals(200.0, 50.0, seed=3)
    assert len(times) == pytest.approx(10_000, rel=0.05)
    assert (np.diff(times) > 0).all()
    assert times[0] > 0
    assert times[-1] < 50.0
    assert np.array_equal(times, arrivals(200.0, 50.0, seed=3))
    gaps = np.diff(times)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1)  # as in a Poisson process
