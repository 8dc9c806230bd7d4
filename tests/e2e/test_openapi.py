"""Schemathesis plays whatever the document allows, and what it forbids, to a running gateway."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import redis

from gateway.openapi.document import read_document
from shared import keys
from shared.worker_status import WorkerStatus
from tests.contract.handover_stand import HandoverStand
from tests.e2e.conftest import ROOT
from tests.e2e.gateway_process import Gateway, Worker

SEED = "20"
EXAMPLES = "40"
# It wants 404 for what was deleted. A conversation's name is the client's to choose: an erased one
# is as empty as one that nobody has begun, and a page that shows it needs no error for that.
NOT_MEANT = "use_after_free"
ENDLESS = "/conversations/{id}/events"  # it waits for the end of each answer


@contextmanager
def beating(redis_url: str) -> Iterator[None]:
    """Let both queues have a worker that lives, as far as /readyz can see."""
    stopped = threading.Event()
    client = redis.Redis.from_url(redis_url)

    def heartbeat() -> None:
        while not stopped.is_set():
            for queue in (keys.INFERENCE, keys.SENTIMENT):
                status = WorkerStatus(queue, queue, "simulated", 1, "host", 1.0)
                client.set(keys.worker(queue), msgspec.json.encode(status), ex=30)
                client.zadd(keys.workers(queue), {queue: time.time()})
            stopped.wait(1)

    thread = threading.Thread(target=heartbeat)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        client.close()


def example_id() -> str:
    """Return the handover that the document has as an example."""
    example: str = read_document()["components"]["parameters"]["HandoverId"]["example"]
    return example


# A valid request may meet a key that stands for another one: no schema can say so.
ACCEPTABLE = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]

# One message must be a user's and have text, and the last such counts: no schema can say that.
[[operations]]
include-path = ["/v1/chat/completions", "/v1/responses"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 409, 422, 429, "5xx"]
"""


def test_no_answer_is_undocumented_and_none_is_a_fault(
    redis_url: str, redis_client: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "schemathesis.toml").write_text(ACCEPTABLE)
    HandoverStand(redis_client).open(example_id(), "talk")
    with Gateway(redis_url, tmp_path) as gateway, Worker(redis_url), beating(redis_url):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{gateway.url}/openapi.json"),
                *(
                    "--checks",
                    "all",
                    "--exclude-checks",
                    NOT_MEANT,
                    "--exclude-path",
                    ENDLESS,
                    "--seed",
                    SEED,
                    "--max-examples",
                    EXAMPLES,
                ),
                *("--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            # Hypothesis's tables of Unicode lie here; in an empty folder it makes them anew.
            env={
                **os.environ,
                "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
                "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "support" / "schemathesis_hooks.py"),
            },
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "Traceback" not in gateway.log()
