"""A subscription hears again after all that can cut it off, and says when it does not hear."""

import logging
import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from shared.connection import connect
from shared.subscription import Subscription
from tests.support.processes import RedisServer, free_port, wait_until
from tests.support.silent_link import SilentLink

CHANNEL = "parley:replies:g"
NAME = "listener"
SILENCE_SECONDS = 0.1


def test_another_client_is_tried_where_one_fails(redis_url: str) -> None:
    heard: queue.Queue[bytes] = queue.Queue()
    dead = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    alive = connect(redis_url, timeout_seconds=0.5)
    subscription = Subscription((dead, alive), CHANNEL, heard.put, name="replies")
    subscription.start()
    assert subscription.wait_until_live(10)
    assert subscription.client is alive
    alive.publish(CHANNEL, b"news")
    assert heard.get(timeout=10) == b"news"
    subscription.stop()
    alive.close()


@dataclass
class Listener:
    """A subscription, and what it has received; payload `bad` makes the handler raise."""

    url: str
    silence_seconds: float = SILENCE_SECONDS
    payloads: queue.Queue[bytes] = field(default_factory=queue.Queue)
    subscribed: int = 0
    hook_failures: int = 0

    def __post_init__(self) -> None:
        self.client = connect(f"{self.url}?client_name={NAME}", timeout_seconds=0.5)
        self.subscription = Subscription(
            self.client,
            CHANNEL,
            self._handle,
            name="replies",
            on_subscribed=self._on_subscribed,
            silence_seconds=self.silence_seconds,
        )
        self.subscription.start()

    def _handle(self, payload: bytes) -> None:
        if payload.startswith(b"bad"):
            raise ValueError("not what it should be")
        self.payloads.put(payload)

    def _on_subscribed(self) -> None:
        self.subscribed += 1
        if self.hook_failures:
            self.hook_failures -= 1
            raise RuntimeError("a fault in the hook")

    def next(self) -> bytes:
        return self.payloads.get(timeout=10)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_error: object) -> None:
        self.subscription.stop()
        self.client.close()


@pytest.fixture
def listener(redis_url: str) -> Iterator[Listener]:
    with Listener(redis_url) as listener:
        assert listener.subscription.wait_until_live(10)
        yield listener


def outages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "subscription" in record.message]


def test_payloads_come_in_order(listener: Listener, redis_client: "redis.Redis") -> None:
    for payload in (b"one", b"two", b"three"):
        redis_client.publish(CHANNEL, payload)

    assert [listener.next() for _ in range(3)] == [b"one", b"two", b"three"]
    assert listener.subscribed == 1


def test_a_bad_payload_is_logged_without_its_content_and_skipped(
    listener: Listener, redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    redis_client.publish(CHANNEL, b"bad: private words")
    redis_client.publish(CHANNEL, b"good")

    assert listener.next() == b"good"
    assert "a payload of replies could not be read" in caplog.text
    assert "not what it should be" in caplog.text
    assert "private words" not in caplog.text
    assert listener.subscribed == 1


def test_a_link_that_goes_silent_and_stays_so_is_replaced(
    redis_server: RedisServer, redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with (
        SilentLink(redis_server.port) as link,
        Listener(f"redis://127.0.0.1:{link.port}/0") as listener,
    ):
        assert listener.subscription.wait_until_live(10)
        link.silence()
        redis_client.publish(CHANNEL, b"lost")
        wait_until(lambda: not listener.subscription.is_live(), 10)

        link.restore()
        assert listener.subscription.wait_until_live(10)
        redis_client.publish(CHANNEL, b"heard")

        assert listener.next() == b"heard"
        assert listener.subscribed == 2
    deaf, live = outages(caplog)
    assert deaf == "the subscription to replies is unavailable: no answer to a ping"
    assert live == "the subscription to replies is available again"


def test_a_quiet_connection_is_pinged_and_kept(
    listener: Listener, redis_client: "redis.Redis"
) -> None:
    def own_connections() -> list[dict[str, str]]:
        found = redis_client.client_list(_type="pubsub")
        return [each for each in found if each["name"] == NAME]

    # The connections of the test before may still be about to close.
    wait_until(lambda: len(own_connections()) == 1, 10)
    [connection] = own_connections()

    def pinged() -> bool:
        [now] = own_connections()
        return int(now["tot-net-in"]) > int(connection["tot-net-in"]) + 30

    wait_until(pinged, 10)

    [after] = own_connections()
    assert after["id"] == connection["id"]
    assert listener.subscribed == 1


def test_a_killed_connection_is_replaced(listener: Listener, redis_client: "redis.Redis") -> None:
    redis_client.client_kill_filter(_type="pubsub")

    wait_until(lambda: listener.subscribed == 2, 10)
    redis_client.publish(CHANNEL, b"heard")
    assert listener.next() == b"heard"


def test_a_server_that_comes_late_and_comes_back_is_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = RedisServer(tmp_path)
    with Listener(server.url) as listener:
        wait_until(lambda: bool(outages(caplog)), 10)
        assert not listener.subscription.is_live()
        with server:
            assert listener.subscription.wait_until_live(10)
            server.kill()
            wait_until(lambda: not listener.subscription.is_live(), 10)
            server.start()
            assert listener.subscription.wait_until_live(10)
            with connect(server.url) as client:
                client.publish(CHANNEL, b"heard")
            assert listener.next() == b"heard"
    began = ["unavailable:" in line for line in outages(caplog)]
    assert began[:4] == [True, False, True, False]
    assert listener.subscribed == 2


def test_a_hook_that_fails_runs_again(
    redis_url: str, redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    with Listener(redis_url, hook_failures=2) as listener:
        assert listener.subscription.wait_until_live(10)
        redis_client.publish(CHANNEL, b"heard")

        assert listener.next() == b"heard"
        assert listener.subscribed == 3
    assert "a fault in the hook" in caplog.text


@pytest.mark.parametrize("there", [True, False])
def test_it_stops_soon_whatever_it_waits_for(there: bool, redis_url: str) -> None:
    url = redis_url if there else f"redis://127.0.0.1:{free_port()}/0"
    with Listener(url, silence_seconds=60) as listener:
        assert listener.subscription.wait_until_live(10 if there else 0.05) is there
        started = time.monotonic()
        listener.subscription.stop()

        assert time.monotonic() - started < 2
        assert not listener.subscription.is_live()
