"""Clients that close their connection while they wait."""

import socket
import threading
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.pending_replies import PendingReplies
from shared.errors import ClientGone
from shared.jobs import ChatJob
from shared.results import JobRecord
from tests.support.gateway_harness import GatewayHarness
from tests.support.processes import wait_until

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def connection() -> Iterator[Pair]:
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def test_only_requests_of_disconnected_clients_are_woken(connection: Pair) -> None:
    server, client = connection
    watcher, pending, gone = DisconnectWatcher(), PendingReplies(), list[str]()
    stays, stayed = socket.socketpair()
    with stays, stayed, pending.register("a") as leaving, pending.register("b") as staying:
        watcher.watch(server.fileno(), leaving, lambda: gone.append("a"))
        watcher.watch(stays.fileno(), staying, lambda: gone.append("b"))
        stayed.send(b"the next request, sent early")
        assert watcher.poll() == 0
        client.close()

        assert watcher.poll() == 1

        assert gone == ["a"]
        with pytest.raises(ClientGone):
            leaving.wait(10)
        assert len(watcher) == 1


def test_a_connection_that_has_its_reply_is_watched_no_longer(connection: Pair) -> None:
    server, client = connection
    watcher, pending = DisconnectWatcher(), PendingReplies()
    with pending.register("a") as reply:
        watcher.watch(server.fileno(), reply, lambda: pytest.fail("reported as gone"))
        watcher.forget(server.fileno())
        client.close()

        assert watcher.poll() == 0


def test_a_fault_does_not_end_the_watch(connection: Pair) -> None:
    server, client = connection
    watcher, pending, told = DisconnectWatcher(poll_seconds=0.01), PendingReplies(), list[str]()

    def fail() -> None:
        told.append("first")
        raise ValueError("switched on by a test")

    with pending.register("a") as first, pending.register("b") as second:
        watcher.watch(server.fileno(), first, fail)
        client.close()
        wait_until(lambda: told == ["first"], 5)
        watcher.watch(server.fileno(), second, lambda: told.append("second"))
        wait_until(lambda: told == ["first", "second"], 5)


def ask(harness: GatewayHarness, server: socket.socket, **headers: str) -> threading.Thread:
    """Ask from a thread of its own, through this connection; return once it waits."""

    def run() -> None:
        answers.append(
            harness.client.post(
                "/chat",
                json={"message": "x"},
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                environ_overrides={"gunicorn.socket": server},
            )
        )

    answers: list[TestResponse] = []

    def queue(job: ChatJob) -> None:
        harness.jobs.records[job.id] = JobRecord("queued")

    harness.publisher.on_publish = queue
    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(harness.disconnect_watcher) == 1, 10)
    return thread


@pytest.mark.parametrize(
    ("headers", "state"), [({}, "cancelled"), ({"Idempotency_Key": "k"}, "queued")]
)
def test_a_job_whose_reply_no_client_can_fetch_is_cancelled(
    connection: Pair, headers: dict[str, str], state: str
) -> None:
    server, client = connection
    harness = GatewayHarness()
    asking = ask(harness, server, **headers)
    client.close()

    assert harness.disconnect_watcher.poll() == 1

    asking.join(timeout=10)
    assert not asking.is_alive()
    assert harness.jobs.records[harness.published[0].id].state == state
    assert len(harness.pending) == len(harness.disconnect_watcher) == 0
