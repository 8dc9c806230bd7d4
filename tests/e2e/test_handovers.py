"""A conversation that a person takes over, before a real gateway, a client and a help desk."""

import contextlib
import json
import socket
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import redis
import requests

from shared.clock import SystemClock
from tests.contract.handover_stand import HandoverStand
from tests.e2e.gateway_process import Gateway
from tests.support.help_desk import running_help_desk
from tests.support.processes import wait_until

SECRET = "only for these tests, of course"  # noqa: S105


class Listener:
    """A client that follows a conversation's events until it leaves or they end."""

    def __init__(self, gateway: Gateway, conversation: str) -> None:
        self.events: list[tuple[str, dict[str, str]]] = []
        self._connection = HTTPConnection("127.0.0.1", gateway.port, timeout=60)
        self._connection.request("GET", f"/conversations/{conversation}/events")
        self._response = self._connection.getresponse()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def leave(self) -> None:
        """Close the connection, as a closed browser tab does."""
        with contextlib.suppress(OSError):  # the gateway may have closed it
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=10)
        self._response.close()
        self._connection.close()

    def _listen(self) -> None:
        name = ""
        with contextlib.suppress(HTTPException, OSError):
            while line := self._response.readline().decode():
                field, _, value = line.strip().partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    self.events.append((name, json.loads(value)))


def post(gateway: Gateway, action: str, **body: str) -> int:
    url = f"{gateway.url}/handovers/h-1/{action}"
    return requests.post(url, json=body, timeout=10).status_code


def streams(gateway: Gateway) -> str:
    metrics = requests.get(f"{gateway.url}/metrics", timeout=10).text
    return next(line for line in metrics.splitlines() if line.startswith("parley_gateway_streams"))


def test_a_person_takes_over_and_client_and_desk_hear_of_it(
    redis_url: str, redis_client: "redis.Redis", tmp_path: Path
) -> None:
    stand = HandoverStand(redis_client, SystemClock())  # type: ignore[arg-type]
    with running_help_desk() as desk:
        webhook = {"PARLEY_HANDOVER_WEBHOOK": desk.url, "PARLEY_HANDOVER_WEBHOOK_SECRET": SECRET}
        with Gateway(redis_url, tmp_path, **webhook) as gateway:
            client = Listener(gateway, "c-1")
            stand.open(webhook=True)
            [listed] = requests.get(f"{gateway.url}/handovers", timeout=10).json()["handovers"]
            assert (listed["id"], listed["reason"]) == ("h-1", "wish")
            assert [post(gateway, "claim", by=name) for name in ("anna", "ben")] == [200, 409]
            assert post(gateway, "reply", text="Hello, Anna here.") == 200
            assert post(gateway, "close", note="Done.") == 200

            wait_until(lambda: len(client.events) == 4, 20)
            assert [name for name, _ in client.events] == ["handover"] * 2 + ["turn", "handover"]
            assert client.events[2][1]["by"] == "anna"
            wait_until(lambda: len(desk.heard) == 4, 20)
            types = [json.loads(body)["type"].removeprefix("handover.") for *_, body in desk.heard]
            assert types == ["opened", "claimed", "replied", "closed"]

            client.leave()
            wait_until(lambda: streams(gateway).endswith(" 0.0"), 20)
            stays = Listener(gateway, "c-1")
            wait_until(lambda: len(stays.events) == 2, 20)
            gateway.process.terminate()
            assert gateway.process.wait(timeout=15) == 0
            stays.leave()
