"""Commands to Redis for those that send thousands a second: half of redis-py's price for a call.

Each thread keeps a connection of its own, made by the client's pool (TLS and Sentinel included).
What is left out is what a call of redis-py does around the command: a place in the pool, a look
whether the connection still stands, and its measurements.
"""

import threading
from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import redis
from redis.exceptions import NoScriptError


class Caller:
    """Send commands, with the client's retries; raises what redis-py raises."""

    def __init__(self, client: "redis.Redis") -> None:
        self._pool: Any = client.connection_pool
        self._own = threading.local()

    def call(self, *command: Any) -> Any:
        """Return Redis's answer to a command of bytes, text and numbers, as it comes."""
        connection = self._connection()

        def exchange() -> Any:
            connection.send_command(*command)
            return connection.read_response(disconnect_on_error=True)

        # Sending connects too, but asks no sentinel where to. This has retries of its own: among
        # the others they would multiply, and a silent server be told of too late.
        connection.connect()
        return connection.retry.call_with_retry(exchange, lambda _error: connection.disconnect())

    def _connection(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._pool.get_connection()
        return connection


class Script:
    """A Lua script that Redis is sent once and then called by its digest."""

    def __init__(self, caller: Caller, text: str) -> None:
        self._caller = caller
        self._text = text
        self._digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run the script; it must bear being run twice, since a lost reply makes it so."""
        rest = (len(keys), *keys, *args)
        try:
            return self._caller.call("EVALSHA", self._digest, *rest)
        except NoScriptError:
            return self._caller.call("EVAL", self._text, *rest)
