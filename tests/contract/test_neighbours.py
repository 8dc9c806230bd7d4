"""A worker that starts learns from those that live which tasks are revoked."""

import threading
from collections.abc import Callable, Iterator

import pytest
from celery import Celery
from celery.utils.collections import AttributeDict, LimitedSet
from celery.worker import state
from celery.worker.control import Panel

from tests.support.processes import wait_until
from workers.consumer.neighbours import Neighbours


@pytest.fixture
def app(redis_url: str) -> Celery:
    return Celery("parley", broker=redis_url, set_as_current=False)


@pytest.fixture
def revoked(monkeypatch: pytest.MonkeyPatch) -> LimitedSet:
    """The revoked tasks that this process knows of, as either of the workers."""
    known = LimitedSet()
    monkeypatch.setattr(state, "revoked", known)
    return known


@pytest.fixture
def other_worker(app: Celery) -> Iterator[None]:
    """Listen to remote control as a worker that lives, and says that "gone" was revoked."""
    stop = threading.Event()

    def listen() -> None:
        def hello(_state: object, from_node: str, **_options: object) -> dict[str, object]:
            return {"revoked": ["gone"], "clock": 500, "asked_by": from_node}

        with app.connection_for_read() as connection:
            node = app.control.mailbox.Node(
                "other@host",
                handlers={**Panel.data, "hello": hello},
                state=AttributeDict(app=app, hostname="other@host"),
                channel=connection.channel(),
            )
            with node.listen(callback=lambda body, message: node.handle_message(body, message)):
                while not stop.is_set():
                    try:
                        connection.drain_events(timeout=0.1)
                    except TimeoutError:
                        continue

    thread = threading.Thread(target=listen)
    thread.start()
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        wait_until(lambda: bool(client.pubsub_channels() or client.pubsub_numpat()), 10)
    yield
    stop.set()
    thread.join(10)


@pytest.mark.usefixtures("other_worker")
def test_what_was_revoked_before_its_start_is_known_to_a_worker(
    app: Celery, revoked: LimitedSet
) -> None:
    later: list[Callable[[], object]] = []
    neighbours = Neighbours(app, "new@host", later.append)
    neighbours.ask()
    wait_until(lambda: bool(later), 10)
    neighbours.learn()
    assert list(revoked) == ["gone"]
    assert app.clock.value > 500
    (take,) = later
    revoked.discard("gone")
    take()  # once only
    assert list(revoked) == []


def test_nothing_comes_of_a_redis_that_is_away(revoked: LimitedSet) -> None:
    away = Celery("parley", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = {"socket_connect_timeout": 0.2}
    neighbours = Neighbours(away, "new@host", lambda call: call)
    neighbours.ask()
    neighbours.learn()
    assert list(revoked) == []
