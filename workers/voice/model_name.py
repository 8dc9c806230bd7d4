"""The model's name at its server: the one that is set, or the first that the server lists."""

import threading

import msgspec

from shared.clock import Clock
from shared.errors import ModelUnavailable
from workers.voice.model_connection import ModelConnection
from workers.voice.model_faults import late, refusal

_MOST_BYTES = 1_000_000


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


class ModelName:
    """Know the name; safe from many threads at once, of which one asks."""

    def __init__(self, connection: ModelConnection, name: str | None, clock: Clock) -> None:
        self._connection = connection
        self._set_name = name
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()

    def read(self, due_at: float) -> str:
        """Return the name; raise ModelUnavailable if the server tells none in time."""
        if not self._lock.acquire(timeout=max(0.0, due_at - self._clock.monotonic())):
            raise late()
        try:
            self._name = self._name or self._first_listed(due_at)
            return self._name
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Ask again next time: a server that failed may come back with another model."""
        self._name = self._set_name

    def _first_listed(self, due_at: float) -> str:
        with self._connection.call("/models", None, due_at) as response:
            if response.status != 200:
                raise refusal(response.status, response.retry_after, self._clock.now())
            body = response.first_bytes(_MOST_BYTES)
        try:
            return msgspec.json.decode(body, type=_Models).data[0].id
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
            raise ModelUnavailable(
                "The model server lists no model; set PARLEY_LLM_MODEL.", "address"
            ) from None
