"""The clients of a campaign, in a process of their own.

    python -m infra.chaos.load SPEC.json LEDGER.jsonl

Prints `begin` when the first message goes out.
"""

import queue
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.chaos.client import GatewayLink, RetryingClient
from infra.chaos.follower import Follower
from infra.chaos.ledger import Ledger
from infra.chaos.script import Conversation, Message

BEGIN = "begin"
_SLACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ClientPoolSpec:
    """What the clients send, to which gateways, and how many clients there are."""

    urls: tuple[str, ...]
    clients: int
    seed: int
    seconds: float
    timeout_seconds: float
    script: tuple[Conversation, ...]

    @property
    def bound_seconds(self) -> float:
        """Return the time after which a load that has not ended never will."""
        return 3 * self.seconds + 4 * self.timeout_seconds + _SLACK_SECONDS


class ClientPool:
    """Clients that take one conversation after the other, each once it is due."""

    def __init__(self, spec: ClientPoolSpec, ledger: Ledger) -> None:
        self._spec = spec
        self._ledger = ledger
        self._waiting: queue.SimpleQueue[Conversation] = queue.SimpleQueue()
        for conversation in spec.script:
            self._waiting.put(conversation)

    def run(self) -> None:
        """Return once every conversation has ended."""
        start = time.monotonic()
        clients = [
            threading.Thread(target=self._work, args=(number, start), name=f"client {number}")
            for number in range(self._spec.clients)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _work(self, number: int, start: float) -> None:
        rng = random.Random(f"client {self._spec.seed} {number}")  # noqa: S311 - no secret
        link = GatewayLink(self._spec.urls, first=number)
        record, timeout = self._ledger.record, self._spec.timeout_seconds
        client = RetryingClient(link, record, rng, timeout)
        follower = Follower(self._spec.urls, number, record, rng, timeout)
        while True:
            try:
                conversation = self._waiting.get_nowait()
            except queue.Empty:
                link.close()
                return
            time.sleep(max(0.0, start + conversation.due_seconds - time.monotonic()))
            if conversation.pacing == "following":
                follow(follower, conversation)
            else:
                converse(client, conversation)
            link.close()  # a gateway closes idle connections, which is no error


def converse(client: RetryingClient, conversation: Conversation) -> None:
    """Send every message in order; stop after one that was given up: its position is unknown."""
    wait = conversation.pacing == "waiting"
    accepted: list[tuple[Message, str]] = []
    for message in conversation.messages:
        result = client.send(conversation.id, message, wait=wait)
        if result.outcome == "gave_up":
            break
        if result.outcome == "accepted":
            accepted.append((message, result.job_id))
    for message, job_id in accepted:
        client.collect(message, job_id)


def follow(follower: Follower, conversation: Conversation) -> None:
    """Send every message in order, and follow each reply; stop after one that was given up."""
    for message in conversation.messages:
        if follower.send(conversation.id, message).outcome == "gave_up":
            return


def main(spec_file: Path, ledger_file: Path) -> None:
    """Run the clients as a program."""
    spec = msgspec.json.decode(spec_file.read_bytes(), type=ClientPoolSpec)
    ledger = Ledger(ledger_file)
    print(BEGIN, flush=True)
    try:
        ClientPool(spec, ledger).run()
    finally:
        ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
