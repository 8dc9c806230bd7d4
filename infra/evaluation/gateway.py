"""Ask a running gateway over HTTP, some conversations at a time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import msgspec

from infra.http_client import HTTP_ERRORS, HttpConnection, HttpResponse
from shared.errors import CommandMisused, GatewayBusy, GatewayRefuses, GatewayUnavailable
from shared.jobs import Reply
from workers.evaluation.observation import Conversation, Observation, Progress, observe

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_TIMEOUT_SECONDS = 90.0
_WAIT_SECONDS = 60
_MAX_TRIES = 6  # of a message that is refused for the time being
_MAX_PAUSE_SECONDS = 10.0
_BUSY = {429, 503}
_JSON = {"Content-Type": "application/json", "Prefer": f"wait={_WAIT_SECONDS}"}
_CHUNK = 16  # conversations that are handed to the threads at once, for each of them


class GatewayAsker:
    """Asks one gateway; `connections` conversations are under way at the same time."""

    def __init__(
        self, url: str, connections: int = 8, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self._url = url
        self._headers = {**_JSON, **(headers or {})}
        self._connections = connections

    def ask(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[Observation]]:
        """Return an observation for each message, in order. Raises GatewayUnavailable."""
        asked: list[list[Observation]] = []
        with ThreadPoolExecutor(self._connections) as threads:
            for part in _parts(conversations, _CHUNK * self._connections):
                asked += threads.map(self._converse, part)
                progress(len(asked) / len(conversations))
        return asked

    def _converse(self, messages: Conversation) -> list[Observation]:
        seen: list[Observation] = []
        body: dict[str, str] = {}
        with closing(HttpConnection(self._url, _TIMEOUT_SECONDS)) as connection:
            for message in messages:
                reply, milliseconds = self._post(connection, {**body, "message": message})
                body = {"conversation_id": reply.conversation_id}
                seen.append(observe(reply, milliseconds))
        return seen

    def _post(self, connection: HttpConnection, body: dict[str, str]) -> tuple[Reply, float]:
        for _ in range(_MAX_TRIES):
            began = time.perf_counter()
            response = self._send(connection, msgspec.json.encode(body))
            if response.status not in _BUSY:
                return self._read(response), (time.perf_counter() - began) * 1e3
            time.sleep(_pause_seconds(response))
        raise GatewayBusy(
            f"{self._url} refused a message {_MAX_TRIES} times, as too busy: "
            "use fewer --connections."
        )

    def _send(self, connection: HttpConnection, body: bytes) -> HttpResponse:
        try:
            return connection.request("POST", "/chat", body, self._headers)
        except HTTP_ERRORS as error:
            raise GatewayUnavailable(
                f"No gateway answers at {self._url} ({type(error).__name__})."
            ) from None

    def _read(self, response: HttpResponse) -> Reply:
        if response.status != 200:
            told = response.json_object() or {}
            reason = told.get("detail") or told.get("title") or "no reply in time"
            raise GatewayRefuses(
                f"{self._url} answered {response.status}: {reason}", response.status
            )
        try:
            return msgspec.json.decode(response.body, type=Reply)
        except msgspec.DecodeError as fault:
            raise GatewayUnavailable(
                f"What answers at {self._url} is no Parley gateway: {fault}."
            ) from None


def check_address(url: str, *, allow_remote: bool) -> None:
    """Refuse what is no HTTP address, and another machine unless that is wanted."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandMisused(f"{url} is no address like http://127.0.0.1:8000.")
    if parts.hostname not in _LOCAL and not allow_remote:
        raise CommandMisused(
            f"{parts.hostname} is another machine, and all messages would be sent to it: "
            "add --allow-remote if that is wanted."
        )


def _pause_seconds(response: HttpResponse) -> float:
    try:
        return min(_MAX_PAUSE_SECONDS, max(0.05, float(response.headers.get("Retry-After", "1"))))
    except ValueError:
        return 1.0


def _parts(conversations: Sequence[Conversation], size: int) -> Iterator[Sequence[Conversation]]:
    for start in range(0, len(conversations), size):
        yield conversations[start : start + size]
