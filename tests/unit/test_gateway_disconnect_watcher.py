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
from tests.processes import wait_until
from tests.unit.gateway_stand import Stand

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def connection() -> Iterator[Pair]:
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def test_only_those_who_have_gone_are_woken(connection: Pair) -> None:
    server, client = connection
    disconnect_watcher, room, gone = DisconnectWatcher(), PendingReplies(), []
    stays, stayed = socket.socketpair()
    with stays, stayed, room.expect("a") as leaving, room.expect("b") as staying:
        disconnect_watcher.watch(server.fileno(), leaving, lambda: gone.append("a"))
        disconnect_watcher.watch(stays.fileno(), staying, lambda: gone.append("b"))
        stayed.send(b"the next request, sent early")
        assert disconnect_watcher.look() == 0
        client.close()

        assert disconnect_watcher.look() == 1

        assert gone == ["a"]
        with pytest.raises(ClientGone):
            leaving.wait(10)
        assert len(disconnect_watcher) == 1


def test_who_has_the_reply_is_watched_no_longer(connection: Pair) -> None:
    server, client = connection
    disconnect_watcher, room = DisconnectWatcher(), PendingReplies()
    with room.expect("a") as awaited:
        disconnect_watcher.watch(server.fileno(), awaited, lambda: pytest.fail("told as gone"))
        disconnect_watcher.forget(server.fileno())
        client.close()

        assert disconnect_watcher.look() == 0


def ask(stand: Stand, server: socket.socket, **headers: str) -> threading.Thread:
    """Ask from a thread of its own, through this connection; return once it waits."""

    def run() -> None:
        answers.append(
            stand.client.post(
                "/chat",
                json={"message": "x"},
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                environ_overrides={"gunicorn.socket": server},
            )
        )

    answers: list[TestResponse] = []

    def queue(job: ChatJob) -> None:
        stand.jobs.records[job.id] = JobRecord("queued")
        stand.published.append(job)

    stand.publisher.on_publish = queue
    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(stand.disconnect_watcher) == 1, 10)
    return thread


@pytest.mark.parametrize(
    ("headers", "state"), [({}, "cancelled"), ({"Idempotency_Key": "k"}, "queued")]
)
def test_a_job_that_nobody_can_come_back_for_is_cancelled(
    connection: Pair, headers: dict[str, str], state: str
) -> None:
    server, client = connection
    stand = Stand()
    asking = ask(stand, server, **headers)
    client.close()

    assert stand.disconnect_watcher.look() == 1

    asking.join(timeout=10)
    assert not asking.is_alive()
    assert stand.jobs.records[stand.published[0].id].state == state
    assert len(stand.room) == len(stand.disconnect_watcher) == 0
