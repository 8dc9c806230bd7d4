"""What people write in a conversation, and who has it, shown as it happens."""

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from infra.event_source import EventSource, ServerEvent, StreamBroken
from shared.errors import GatewayUnavailable

_PAUSE_SECONDS = 1.0


class ConversationFollower:
    """Follow the events of one conversation in a thread of its own, gateway restarts included.

    `said` gets each turn that a person wrote, `held` the name of whoever has the conversation now,
    or None. What was said before `heard` names is passed over.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        conversation_id: str,
        *,
        said: Callable[[dict[str, Any]], None],
        held: Callable[[str | None], None],
        heard: frozenset[tuple[float, str]] = frozenset(),
    ) -> None:
        self._url = url
        self._headers = headers
        self._path = f"/conversations/{quote(conversation_id, safe='')}/events"
        self._said = said
        self._held = held
        self._heard = set(heard)
        self._holder: str | None = None
        self._last_event_id: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="conversation", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Show nothing more. The thread may wait for the gateway a little longer."""
        self._stopping.set()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._listen():
                    return
            except StreamBroken:
                pass
            except GatewayUnavailable:  # something else answers there by now
                return
            self._stopping.wait(_PAUSE_SECONDS)

    def _listen(self) -> bool:
        """Take events until the stream ends; return whether it is worth coming back."""
        resumed = {"Last-Event-ID": self._last_event_id} if self._last_event_id else {}
        headers = {**self._headers, **resumed}
        with EventSource(self._url, "GET", self._path, headers=headers) as source:
            if not source.is_stream:
                return source.status >= 500
            for event in source.events():
                if self._stopping.is_set():
                    return False
                self._last_event_id = event.id or self._last_event_id
                self._heed(event)
        return True

    def _heed(self, event: ServerEvent) -> None:
        if event.name == "turn":
            turn = event.data
            known = (turn["at"], turn["text"])
            if turn.get("by") and known not in self._heard:
                self._heard.add(known)
                self._said(turn)
        elif event.name == "handover":
            holder = event.data["claimed_by"] if event.data["state"] == "claimed" else None
            if holder != self._holder:
                self._holder = holder
                self._held(holder)
