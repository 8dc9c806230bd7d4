"""The load generator: locust in a process of its own.

    python -m infra.bench.generator SPEC.json SAMPLES.npz

Says `begin` and `end` on standard output when its window opens and closes.
"""

import itertools
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import msgspec
import numpy as np
from gevent.event import Event
from locust import FastHttpUser, constant, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import LocalRunner

from infra.bench.load import BEGIN, END, STAGES, LoadSpec, Samples, arrivals

_HEADERS = {"Content-Type": "application/json"}
_NO_STAGES = (float("nan"),) * len(STAGES)
_LOOK_SECONDS = 0.02
_now = time.perf_counter

Row = tuple[float, float, float, bool, tuple[float, ...]]


class _Timings(msgspec.Struct):
    queue_ms: float
    prepare_ms: float
    engine_ms: float
    compose_ms: float
    total_ms: float


class _Reply(msgspec.Struct):
    timings: _Timings | None = None


_read_reply = msgspec.json.Decoder(_Reply).decode


class Load:
    """The requests to send and those that were answered, for all users together."""

    def __init__(self, spec: LoadSpec) -> None:
        self.spec = spec
        self.rows: list[Row] = []
        self.taken = 0
        self.offered = np.empty(0)
        self._bodies = _bodies(spec)
        self._opened = Event()
        self._due: Iterator[float] = iter(())

    def open_at(self, start: float) -> None:
        """Let users begin; arrivals are counted from `start`."""
        spec = self.spec
        if spec.rate is None:
            self._due = iter(_now, None)
        else:
            self.offered = start + arrivals(spec.rate, spec.warm_seconds + spec.seconds, spec.seed)
            self._due = iter(self.offered.tolist())
        self._opened.set()

    def next_request(self) -> tuple[float, str]:
        """Return when the next request is due, once that time has come, and its body."""
        self._opened.wait()
        due = next(self._due, None)
        if due is None:
            raise StopUser
        self.taken += 1
        body = next(self._bodies)
        if due > _now():
            gevent.sleep(due - _now())
        return due, body

    def samples(self, begin: float, end: float) -> Samples:
        """Return what was recorded."""
        due, sent, done, ok, stages = zip(*self.rows, strict=True) if self.rows else ((),) * 5
        return Samples(
            begin=begin,
            end=end,
            taken=self.taken,
            due=np.array(due, np.float64),
            sent=np.array(sent, np.float64),
            done=np.array(done, np.float64),
            ok=np.array(ok, np.bool_),
            stages=np.array(stages, np.float64).reshape(-1, len(STAGES)),
            offered=self.offered,
        )


def user_class(load: Load) -> type[FastHttpUser]:
    """Return the locust user that sends a load's requests."""

    class Asker(FastHttpUser):
        host = load.spec.url
        wait_time = constant(0)
        connection_timeout = network_timeout = 2 * load.spec.most_seconds

        @task
        def ask(self) -> None:
            due, body = load.next_request()
            sent = _now()
            with self.client.post(
                "/chat", data=body, headers=_HEADERS, catch_response=True
            ) as response:
                done = _now()
                ok = response.status_code == 200
                if ok:
                    response.success()
                else:
                    response.failure(f"status {response.status_code}")
            stages = _stages(response.content or b"") if ok else _NO_STAGES
            load.rows.append((due, sent, done, ok, stages))

    return Asker


def generate(spec: LoadSpec, say: Callable[[str], None]) -> Samples:
    """Put the load on the server and return what was recorded."""
    load = Load(spec)
    environment = Environment(user_classes=[user_class(load)], stop_timeout=2 * spec.most_seconds)
    runner = environment.create_local_runner()
    runner.start(spec.users, spawn_rate=spec.users)
    if spec.rate is None:
        begin, end = _closed_loop(load, say)
    else:
        begin, end = _open_loop(load, runner, say)
    runner.stop()
    return load.samples(begin, end)


def _closed_loop(load: Load, say: Callable[[str], None]) -> tuple[float, float]:
    spec = load.spec
    load.open_at(_now())
    _wait_for_a_round(load, spec.warm_seconds)
    say(BEGIN)
    begin = _now()
    _wait_for_a_round(load, spec.seconds)
    end = _now()
    say(END)
    return begin, end


def _wait_for_a_round(load: Load, seconds: float) -> None:
    """Wait this long, and until as many answers have come as there are users."""
    since, goal = _now(), len(load.rows) + load.spec.users

    def over() -> bool:
        return _now() - since >= seconds and len(load.rows) >= goal

    _wait(over, max(seconds, load.spec.most_seconds))


def _open_loop(load: Load, runner: LocalRunner, say: Callable[[str], None]) -> tuple[float, float]:
    spec = load.spec
    _wait(lambda: runner.user_count >= spec.users, spec.most_seconds)
    start = _now() + 0.1
    load.open_at(start)
    gevent.sleep(0.1 + spec.warm_seconds)
    say(BEGIN)
    begin = start + spec.warm_seconds
    gevent.sleep(max(0.0, begin + spec.seconds - _now()))
    say(END)
    _wait(lambda: len(load.rows) >= len(load.offered), spec.most_seconds)
    return begin, begin + spec.seconds


def _wait(over: Callable[[], bool], most_seconds: float) -> None:
    deadline = _now() + most_seconds
    while not over() and _now() < deadline:
        gevent.sleep(_LOOK_SECONDS)


def _bodies(spec: LoadSpec) -> Iterator[str]:
    texts = msgspec.json.decode(Path(spec.messages).read_bytes(), type=list[str])
    bodies = [msgspec.json.encode({"message": text}).decode() for text in texts]
    return itertools.islice(itertools.cycle(bodies), spec.first % len(bodies), None)


def _stages(body: bytes) -> tuple[float, ...]:
    try:
        timings = _read_reply(body).timings
    except msgspec.DecodeError:
        return _NO_STAGES
    return _NO_STAGES if timings is None else msgspec.structs.astuple(timings)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(spec_file: Path, samples_file: Path) -> None:
    """Run one load as a program."""
    logging.disable(logging.WARNING)  # locust warns of every quick start
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spec = msgspec.json.decode(spec_file.read_bytes(), type=LoadSpec)
    generate(spec, _say).save(samples_file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
