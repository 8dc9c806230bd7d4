"""The load generator: locust in a process of its own.

    python -m infra.bench.generator SPEC.json SAMPLES.npz

Prints `begin` and `end` when its window opens and closes.
"""

import logging
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import gevent
import msgspec
import numpy as np
from locust import User, constant, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import LocalRunner

from infra.bench.kept_connection import KeptConnection
from infra.bench.load import BEGIN, END, STAGES, LoadSpec, Samples
from infra.bench.loops import Loop, loop_of, now
from infra.client_settings import key_headers

_HEADERS = {"Content-Type": "application/json"}
_NO_STAGES = (float("nan"),) * len(STAGES)
_POLL_SECONDS = 0.02
_OK = 200

Print = Callable[[str], None]
Row = tuple[float, float, float, bool, tuple[float, ...]]  # due, sent, done, ok, stages


class _Timings(msgspec.Struct):
    queue_ms: float
    prepare_ms: float
    engine_ms: float
    compose_ms: float
    total_ms: float


class _Reply(msgspec.Struct):
    timings: _Timings | None = None


_read_reply = msgspec.json.Decoder(_Reply).decode


def user_class(spec: LoadSpec, loop: Loop, rows: list[Row]) -> type[User]:
    """Return the locust user that sends a loop's requests and appends a row for each."""
    headers = _HEADERS | key_headers(spec.api_key)

    class BenchUser(User):
        wait_time = constant(0)

        def on_start(self) -> None:
            self.connection = KeptConnection(spec.url, "/chat", headers, 2 * spec.slow_seconds)

        @task
        def ask(self) -> None:
            request = loop.next_request()
            if request is None:
                raise StopUser
            rows.append(_answered(self.connection, *request))

    return BenchUser


def _answered(connection: KeptConnection, due: float, body: bytes) -> Row:
    sent = now()
    try:
        status, content = connection.post(body)
    except OSError:
        status, content = 0, b""
    done, ok = now(), status == _OK
    return due, sent, done, ok, _stages(content) if ok else _NO_STAGES


def generate(spec: LoadSpec, print_line: Print) -> Samples:
    """Put the load on the server and return what was recorded."""
    loop, rows = loop_of(spec), list[Row]()
    users = user_class(spec, loop, rows)
    environment = Environment(user_classes=[users], stop_timeout=2 * spec.slow_seconds)
    runner = environment.create_local_runner()
    runner.start(spec.users, spawn_rate=spec.users)
    if spec.rate is None:
        begin, end = _closed_window(spec, loop, rows, print_line)
    else:
        begin, end = _open_window(spec, loop, rows, runner, print_line)
    runner.stop()
    return _samples(rows, loop, begin, end)


def _closed_window(
    spec: LoadSpec, loop: Loop, rows: Sequence[Row], print_line: Print
) -> tuple[float, float]:
    loop.begin()
    _wait_for_round(spec, rows, spec.warm_seconds)
    print_line(BEGIN)
    begin = now()
    _wait_for_round(spec, rows, spec.seconds)
    end = now()
    print_line(END)
    return begin, end


def _wait_for_round(spec: LoadSpec, rows: Sequence[Row], seconds: float) -> None:
    """Wait this long, and until as many answers have come as there are users."""
    since, goal = now(), len(rows) + spec.users

    def over() -> bool:
        return now() - since >= seconds and len(rows) >= goal

    _wait(over, max(seconds, spec.slow_seconds))


def _open_window(
    spec: LoadSpec, loop: Loop, rows: Sequence[Row], runner: LocalRunner, print_line: Print
) -> tuple[float, float]:
    _wait(lambda: runner.user_count >= spec.users, spec.slow_seconds)
    begin = loop.begin() + spec.warm_seconds
    gevent.sleep(begin - now())
    print_line(BEGIN)
    end = begin + spec.seconds
    gevent.sleep(max(0.0, end - now()))
    print_line(END)
    _wait(lambda: len(rows) >= len(loop.offered), spec.slow_seconds)
    return begin, end


def _wait(over: Callable[[], bool], slow_seconds: float) -> None:
    deadline = now() + slow_seconds
    while not over() and now() < deadline:
        gevent.sleep(_POLL_SECONDS)


def _samples(rows: Sequence[Row], loop: Loop, begin: float, end: float) -> Samples:
    due, sent, done, ok, stages = zip(*rows, strict=True) if rows else ((),) * 5
    return Samples(
        begin=begin,
        end=end,
        taken=loop.taken,
        due=np.array(due, np.float64),
        sent=np.array(sent, np.float64),
        done=np.array(done, np.float64),
        ok=np.array(ok, np.bool_),
        stages=np.array(stages, np.float64).reshape(-1, len(STAGES)),
        offered=loop.offered,
    )


def _stages(body: bytes) -> tuple[float, ...]:
    try:
        timings = _read_reply(body).timings
    except msgspec.DecodeError:
        return _NO_STAGES
    return _NO_STAGES if timings is None else msgspec.structs.astuple(timings)


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(spec_file: Path, samples_file: Path) -> None:
    """Run one load as a program."""
    logging.disable(logging.WARNING)  # locust warns about every quick start
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spec = msgspec.json.decode(spec_file.read_bytes(), type=LoadSpec)
    generate(spec, _print_line).save(samples_file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
