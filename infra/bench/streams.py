"""How many event streams one gateway process holds open, and what each costs.

    python -m infra.bench.streams [STREAMS]

Starts a scratch Redis and a gateway, asks that many questions at once with `Accept:
text/event-stream`, reads the gateway's memory before and while all wait, and then lets a consumer
without a model answer them. Prints one line of JSON.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.bench.queue_ends import build_consumer
from infra.harness.ports import free_ports
from infra.harness.scratch_redis import ScratchRedis
from infra.supervisor.probes import HttpProbe
from shared.errors import BenchError
from shared.pdeathsig import dying_with_this_process
from workers.consumer.context import WorkerContext

_BODY = b'{"message":"Where is my parcel?"}'
_HEAD = (
    "POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
    f"Content-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n"
)
_AT_ONCE = 200
_WAIT_SECONDS = 600


def measure(streams: int, folder: Path) -> dict[str, float]:
    """Open the streams, and end them with their replies."""
    with ScratchRedis(folder) as redis:
        (port,) = free_ports(1)
        gateway = _start_gateway(port, redis.url, streams, folder)
        try:
            return asyncio.run(_measure(streams, port, gateway.pid, redis.url))
        finally:
            gateway.kill()
            gateway.wait()


def _start_gateway(
    port: int, redis_url: str, streams: int, folder: Path
) -> "subprocess.Popen[bytes]":
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_REDIS_URL": redis_url,
        "PARLEY_HTTP_PORT": str(port),
        "PARLEY_EVENT_STREAMS": str(streams),
        "PARLEY_GATEWAY_CONNECTIONS": str(streams + 100),
        "PARLEY_QUEUE_LIMIT": str(streams + 100),
        "PARLEY_WAIT_SECONDS": str(_WAIT_SECONDS),
        "PARLEY_JOB_DEADLINE_SECONDS": str(_WAIT_SECONDS),
    }
    command = (sys.executable, "-m", "gunicorn", "-c", "python:gateway.gunicorn_conf")
    with (folder / "gateway.log").open("wb") as log:
        gateway = subprocess.Popen(
            dying_with_this_process(command, signal.SIGTERM),
            env=environment,
            stdout=log,
            stderr=log,
        )
    probe, deadline = HttpProbe(f"http://127.0.0.1:{port}/healthz"), time.monotonic() + 30
    while not probe.is_ready(gateway.pid):
        if time.monotonic() > deadline or gateway.poll() is not None:
            raise BenchError(f"the gateway did not start; see {folder}")
        time.sleep(0.1)
    return gateway


async def _measure(streams: int, port: int, gateway_pid: int, redis_url: str) -> dict[str, float]:
    gate = asyncio.Semaphore(_AT_ONCE)
    first = await _open(port, gate)  # it starts threads and imports the rest
    idle, began = _resident_mb(gateway_pid), time.monotonic()
    others = await asyncio.gather(*(_open(port, gate) for _ in range(streams - 1)))
    opened = time.monotonic()
    held = _resident_mb(gateway_pid)
    consumer = build_consumer(redis_url, WorkerContext("streams"))
    answering = time.monotonic()
    consumer.start()
    replies = await asyncio.gather(*(_replied(reader) for reader, _ in (first, *others)))
    answered = time.monotonic()
    await asyncio.to_thread(consumer.stop)
    return {
        "streams": streams,
        "replies": sum(replies),
        "idle_mb": round(idle, 1),  # the gateway's resident set
        "open_mb": round(held, 1),
        "kb_a_stream": round(1024 * (held - idle) / (streams - 1), 1),
        "opened_seconds": round(opened - began, 1),
        "answered_seconds": round(answered - answering, 1),
    }


async def _open(
    port: int, gate: asyncio.Semaphore
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask, and return once the first event is there."""
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_HEAD.encode() + _BODY)
        await reader.readuntil(b"event: queued\n")
        return reader, writer


async def _replied(reader: asyncio.StreamReader) -> bool:
    try:
        await asyncio.wait_for(reader.readuntil(b"event: reply\n"), _WAIT_SECONDS)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        return False
    return True


def _resident_mb(gateway_pid: int) -> float:
    """Return the resident set of the gateway's process, gunicorn's only child."""
    children = Path(f"/proc/{gateway_pid}/task/{gateway_pid}/children").read_text().split()
    status = Path(f"/proc/{children[0]}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory(prefix="parley-streams-") as scratch:
        print(json.dumps(measure(count, Path(scratch))))
