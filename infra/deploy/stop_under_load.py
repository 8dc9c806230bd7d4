"""Stop a running system under load, start it again, and see whether what it accepted is answered.

    python3 -m infra.deploy.stop_under_load URL --stop COMMAND --start COMMAND

Half of the clients wait for the reply, the others for the 202 alone. A job is accepted once its 202
has come. For machines that run the images: Python's own library is enough.

An engine's port forwarding takes connections on when nobody listens behind it any more, and cuts
them off. With the container's own address as --load-url a connection that is cut off is a fault.
"""

import argparse
import http.client
import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_QUESTIONS = (
    "How long does delivery take?",
    "Where is my parcel?",
    "How do I return something?",
    "thank you",
    "I was charged twice and nobody answers!",
)
_CLIENTS = 16
_BEFORE_SECONDS = 5.0
_TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_OPEN = {"queued", "started"}


class NotReached(OSError):
    """Nobody took the connection."""


@dataclass
class Ledger:
    """What became of the requests; safe from any thread, as appending and counting are one step."""

    outcomes: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)


def request(
    url: str, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, object]]:
    """Send one request; raise NotReached, or OSError or HTTPException if it is cut off."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_SECONDS)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached from error
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    finally:
        connection.close()


def ask(url: str, ledger: Ledger, stopping: threading.Event, number: int) -> None:
    """Be one client until the end; one with an even number does not wait for replies."""
    headers = {} if number % 2 else {"Prefer": "respond-async"}
    for turn in itertools.count():
        if stopping.is_set():
            return
        message = f"{_QUESTIONS[(number + turn) % len(_QUESTIONS)]} ({number}.{turn})"
        try:
            status, reply = request(url, "POST", "/chat", {"message": message}, **headers)
        except NotReached:
            ledger.outcomes.append("not reached")
            time.sleep(_PAUSE_SECONDS)
            continue
        except (OSError, http.client.HTTPException) as error:
            ledger.outcomes.append(f"cut off ({type(error).__name__})")
            time.sleep(_PAUSE_SECONDS)
            continue
        ledger.outcomes.append(f"{status} {reply['type']}" if status > 202 else str(status))
        if status == 202:
            ledger.accepted.append(str(reply["job_id"]))


def wait_until_ready(url: str) -> float:
    """Return the seconds until `/readyz` said yes."""
    began = time.monotonic()
    while True:
        try:
            if request(url, "GET", "/readyz")[0] == 200:
                return time.monotonic() - began
        except (OSError, http.client.HTTPException, ValueError):
            pass
        if time.monotonic() - began > 300:
            sys.exit("FAILED: not ready within 300 s")
        time.sleep(0.5)


def ends(url: str, jobs: Sequence[str]) -> Counter[str]:
    """Wait for every job; return how many ended how."""
    counted: Counter[str] = Counter()
    for job in jobs:
        state = "queued"
        deadline = time.monotonic() + 120
        while state in _OPEN and time.monotonic() < deadline:
            status, found = request(url, "GET", f"/jobs/{job}")
            state = str(found.get("state", status))
            if state in _OPEN:
                time.sleep(_PAUSE_SECONDS)
        counted[state] += 1
    return counted


def main() -> int:
    """Return the exit status: 0 if every accepted job was answered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--load-url", help="where the load goes, if not to URL")
    parser.add_argument("--stop", required=True, help="command that stops the system")
    parser.add_argument("--start", required=True, help="command that starts it again")
    options = parser.parse_args()
    ledger, stopping = Ledger(), threading.Event()
    clients = [
        threading.Thread(
            target=ask, args=(options.load_url or options.url, ledger, stopping, number)
        )
        for number in range(_CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(_BEFORE_SECONDS)
    began = time.monotonic()
    subprocess.run(options.stop, shell=True, check=True)  # noqa: S602 - the caller's own command
    print(f"stopped under load in {time.monotonic() - began:.1f} s", flush=True)
    stopping.set()
    for client in clients:
        client.join()
    subprocess.run(options.start, shell=True, check=True)  # noqa: S602
    print(f"ready again after {wait_until_ready(options.url):.1f} s")
    counted = ends(options.url, ledger.accepted)
    print(f"requests: {dict(sorted(Counter(ledger.outcomes).items()))}")
    print(f"accepted jobs: {len(ledger.accepted)}, their ends: {dict(counted)}")
    return int(counted["done"] != len(ledger.accepted) or not ledger.accepted)


if __name__ == "__main__":
    sys.exit(main())
