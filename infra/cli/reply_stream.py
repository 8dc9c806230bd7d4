"""One question and its reply as events, whatever happens to the gateway meanwhile."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from infra.cli.gateway_client import refusal, unreachable
from infra.event_source import EventSource, ServerEvent, StreamBroken
from shared.errors import GatewayUnavailable

_ENDS = ("reply", "error")
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5
_AWAY = frozenset((502, 503, 504))  # a proxy's word while the gateway behind it restarts
AWAY = ServerEvent("away", None)


class ReplyStream:
    """Ask, and follow the job until it has ended.

    If the connection breaks, the job is followed further where it can be, or the question is sent
    again under the same Idempotency-Key: it is answered once. Meanwhile `away` events come.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._headers = headers
        self._patience_seconds = patience_seconds
        self._pause = pause

    def ask(self, message: Mapping[str, str]) -> Iterator[ServerEvent]:
        """Yield the events of one message; the last one is `reply` or `error`.

        Raises GatewayUnavailable if the gateway refuses, or stays away for too long.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())}
        job_id: str | None = None
        event_id: str | None = None
        away_seconds = 0.0
        while True:
            try:
                for event in self._events(message, key, job_id, event_id):
                    away_seconds, event_id = 0.0, event.id or event_id
                    if event.name == "queued":
                        job_id = str(event.data["job_id"])
                    yield event
                    if event.name in _ENDS:
                        return
            except StreamBroken as fault:
                if away_seconds >= self._patience_seconds:
                    raise unreachable(self._url, fault) from None
                yield AWAY
            self._pause(_PAUSE_SECONDS)
            away_seconds += _PAUSE_SECONDS

    def _events(
        self,
        message: Mapping[str, str],
        key: Mapping[str, str],
        job_id: str | None,
        event_id: str | None,
    ) -> Iterator[ServerEvent]:
        with self._open(message, key, job_id, event_id) as source:
            if not source.is_stream:
                raise self._refused(source, job_id)
            yield from source.events()

    def _open(
        self,
        message: Mapping[str, str],
        key: Mapping[str, str],
        job_id: str | None,
        event_id: str | None,
    ) -> EventSource:
        if job_id is None:
            return EventSource(self._url, "POST", "/chat", message, {**self._headers, **key})
        resumed = {"Last-Event-ID": event_id} if event_id else {}
        path = f"/jobs/{quote(job_id, safe='')}/events"
        return EventSource(self._url, "GET", path, headers={**self._headers, **resumed})

    def _refused(self, source: EventSource, job_id: str | None) -> Exception:
        """Return what ends the wait, or StreamBroken where it is worth trying again."""
        problem = source.problem()
        if source.status in _AWAY and (job_id is not None or not problem):
            return StreamBroken(f"status {source.status}")
        if not problem:
            return GatewayUnavailable("What answers there is not a Parley gateway.")
        return refusal(source.status, problem)
