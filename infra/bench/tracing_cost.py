"""What traces cost a message in CPU time, in one process without Redis and without an engine.

Each figure is the difference to the same steps without any call of traces, the least of five: other
work on the machine only adds to it.

python -m infra.bench.tracing_cost
"""

import http.server
import subprocess
import sys
import threading
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from flask import Flask, Response

from gateway.queue.publisher import Queued
from gateway.queue.sending import BeginSending, untraced
from gateway.request_traces import RequestTraces
from shared import wire
from shared.clock import SystemClock
from shared.jobs import ChatJob
from shared.settings import CommonSettings, load
from shared.tracing.context import context_of, headers_of
from shared.tracing.start import open_tracer
from shared.tracing.tracer import Tracer
from workers.consumer.chat_result import ChatResult
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimResult, Completion, Lease, LeasedJob
from workers.consumer.recorded_traces import RecordedTraces, TracedWorker
from workers.consumer.traces import NoTraces, Traces
from workers.preprocessing.preprocessor import Prepared

_BATCH = 32
_ROUNDS = 40
_REPETITIONS = 5
_PAUSE_SECONDS = 0.05
_QUEUED = Queued(1)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU a message: in the gateway, in a worker, and to send both's spans."""

    gateway: float
    worker: float
    export: float


def main() -> None:
    """Print the costs at each ratio."""
    print("| recorded | gateway | inference worker | to send the spans of both |")
    print("|---|---|---|---|")
    with _sink() as address:
        _print("off", _measure_off())
        for name, ratio in (("0 %", 0.0), ("1 %", 0.01), ("100 %", 1.0)):
            found = [_measure(ratio, address) for _ in range(_REPETITIONS)]
            gateway = min(each.gateway for each in found)
            worker = min(each.worker for each in found)
            _print(name, Cost(gateway, worker, min(each.export for each in found)))


def _print(name: str, cost: Cost) -> None:
    figures = (f"{each:.2f} µs" for each in (cost.gateway, cost.worker, cost.export))
    print(f"| {name} | {' | '.join(figures)} |", flush=True)


def _measure_off() -> Cost:
    """Return what the calls cost that are made without traces, too."""
    job, headers = ChatJob("a", "two words", "c", 1.0), {"task": "chat.infer"}
    leased, off, calls = [LeasedJob(Lease(b"t", b""), job)] * _BATCH, NoTraces(), 20_000

    def ask() -> None:
        sending = untraced(job)
        {**headers, **headers_of(sending.context or job.trace)}
        sending.end(_QUEUED)

    def work() -> None:
        for _ in range(_BATCH):
            context_of(headers)
        off.receive(leased, _deliveries)
        off.prepared(())
        off.begin_batch((), "", 0, 0)(0)
        off.ran(())
        off.drafted([each.lease for each in leased])
        off.toned(())
        off.completed((), 0.0)

    gateway = min(timeit.repeat(ask, number=calls, repeat=_REPETITIONS)) / calls
    worker = min(timeit.repeat(work, number=calls // 10, repeat=_REPETITIONS)) / calls * 10
    return Cost(1e6 * gateway, 1e6 * worker / _BATCH, 0.0)


def _deliveries(ids: Sequence[str]) -> Sequence[int]:
    return [1] * len(ids)


def _measure(ratio: float, address: str) -> Cost:
    settings = load(CommonSettings, traces=address, traces_ratio=ratio)
    tracer = open_tracer(settings, "benchmark")
    assert tracer  # noqa: S101 - the setting is there
    everything, here = time.process_time(), time.thread_time()
    gateway, worker = _rounds(tracer)
    tracer.close()
    export = time.process_time() - everything - (time.thread_time() - here)
    return Cost(*(1e6 * each / (_ROUNDS * _BATCH) for each in (gateway, worker, export)))


def _rounds(tracer: Tracer) -> tuple[float, float]:
    """Return the CPU seconds that traces added to both."""
    app, plain, requests = _app(), _app(), RequestTraces(tracer)
    requests.register(app)
    begin, gateway, worker = requests.begin_sending, 0.0, 0.0
    traces = RecordedTraces(tracer, TracedWorker("w", "inference", "small"), SystemClock())
    for _ in range(_ROUNDS):
        jobs: list[ChatJob] = []
        gateway += sum(_ask(app, jobs, begin) - _ask(plain, [], None) for _ in range(_BATCH))
        received = [wire.read_chat_job(wire.encode_infer(job), time.time()) for job in jobs]
        worker += _seconds(partial(_work, traces, received))
        worker -= _seconds(partial(_work, None, received))
        time.sleep(_PAUSE_SECONDS)  # the thread that sends them keeps up
    return gateway, worker


def _app() -> Flask:
    app = Flask("benchmark", static_folder=None)
    app.add_url_rule("/chat", "chat", methods=["POST"])
    return app


def _ask(app: Flask, jobs: list[ChatJob], begin: BeginSending | None) -> float:
    """Do to one request that queues one job what the gateway's traces do; return CPU seconds."""
    with app.test_request_context("/chat", method="POST"):
        job, response = ChatJob("a", "two words", "c", 1.0), Response(b"{}")
        began_at = time.thread_time()
        app.preprocess_request()
        if begin is not None:
            sending = begin(job)
            headers_of(sending.context)
            headers_of(sending.context)  # of the tone task
            sending.end(_QUEUED)
        app.process_response(response).close()
        seconds = time.thread_time() - began_at
        jobs.append(job if begin is None or not sending.context else job.traced(sending.context))
        return seconds


def _work(traces: Traces | None, jobs: Sequence[ChatJob]) -> None:
    """Go through the steps of a worker with a batch, and say of it what they say."""
    now = time.monotonic()
    leased: Sequence[LeasedJob[ChatJob]] = [LeasedJob(Lease(b"t", b""), job) for job in jobs]
    if traces:
        leased = traces.receive(leased, _deliveries)
    passages = (Prepared("two words", (1, 2), truncated=False),)
    prepared = [
        PreparedJob(each.lease, each.job, ClaimResult("run"), passages, now, time.monotonic())
        for each in leased
    ]
    leases = [each.lease for each in leased]
    nothing, began_at = np.empty((0, 0), np.float32), time.monotonic()
    if traces:
        traces.prepared(prepared)
        end = traces.begin_batch(prepared, "simulated", 64, 64)
        end(0)
    batch = BatchResult(tuple(prepared), nothing, began_at, time.monotonic())
    ends: list[Completion[ChatJob, ChatResult]] = [
        Completion(lease=each.lease, job=each.job, task_id=each.job.id, done_at=time.time())
        for each in prepared
    ]
    if traces:
        traces.ran([batch])
        traces.drafted(leases)
        traces.toned(leases)
        traces.completed([(each, "applied") for each in ends], time.monotonic())


def _seconds(call: Callable[[], object]) -> float:
    began_at = time.thread_time()
    call()
    return time.thread_time() - began_at


@contextmanager
def _sink() -> Iterator[str]:
    """Run a server in a process of its own that takes everything."""
    command = [sys.executable, "-m", "infra.bench.tracing_cost", "sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout  # noqa: S101 - a pipe was asked for
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


class _Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take what comes."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Write nothing."""


def _serve() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    print(server.server_port, flush=True)
    threading.Thread(target=sys.stdin.read, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    _serve() if sys.argv[1:] == ["sink"] else main()
