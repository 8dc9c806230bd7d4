"""What a call asks of its connection; real servers are in tests/contract/test_caller.py."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.caller import Caller


class Wire:
    """A connection to a master that dies; a sentinel says where the next one is."""

    retry = Retry(NoBackoff(), 1)

    def __init__(self) -> None:
        self.did: list[str] = []
        self.alive = False

    def connect(self) -> None:
        self.did.append("connect")

    def disconnect(self) -> None:
        self.did.append("disconnect")

    def send_command(self, *command: str) -> None:
        self.did.append(command[0])

    def read_response(self, *, disconnect_on_error: bool) -> bytes:
        assert disconnect_on_error  # a reply that comes later would be taken for the next call's
        if not self.alive:
            raise redis.ConnectionError("the master died")
        return b"PONG"


def test_a_connection_that_broke_asks_anew_where_to_go() -> None:
    wire = Wire()
    pool = SimpleNamespace(get_connection=lambda: wire)
    caller = Caller(cast("Any", SimpleNamespace(connection_pool=pool)))
    with pytest.raises(redis.ConnectionError):
        caller.call("PING")
    assert wire.did == ["connect", "PING", "disconnect", "PING", "disconnect"]
    wire.alive, wire.did = True, []
    assert caller.call("PING") == b"PONG"
    assert wire.did == ["connect", "PING"]
