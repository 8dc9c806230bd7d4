"""Hears of the tones that were not there yet when their job was answered."""

import threading
from collections.abc import Callable
from typing import Any, cast

import msgspec

from shared.connection import REDIS_ERRORS, connect
from shared.jobs import Tone

_decode_tone = msgspec.json.Decoder(Tone).decode


class ToneSubscription(threading.Thread):
    """Hand each published tone to a callback; survive Redis's absence."""

    def __init__(self, url: str, channel: str, on_tone: Callable[[str, Tone], None]) -> None:
        super().__init__(name="tone-subscription", daemon=True)
        self._client = connect(url)
        self._channel = channel
        self._on_tone = on_tone
        self._stopping = threading.Event()
        self._live = threading.Event()

    def run(self) -> None:
        """Listen until stopped."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except REDIS_ERRORS:
                self._stopping.wait(0.5)

    def wait_until_live(self, timeout_seconds: float) -> None:
        """Return once the subscription stands; without Redis, after the timeout."""
        self._live.wait(timeout_seconds)

    def stop(self) -> None:
        """Stop listening and wait for the thread."""
        self._stopping.set()
        self.join(timeout=5)
        self._client.close()

    def _listen(self) -> None:
        with cast("Any", self._client).pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(self._channel)
            pubsub.get_message(timeout=1.0)
            self._live.set()
            while not self._stopping.is_set():
                message = pubsub.get_message(timeout=0.5)
                if message:
                    self._hand_over(message["data"])

    def _hand_over(self, lines: bytes) -> None:
        """Take the tones of one batch; JSON holds no raw line break."""
        for line in lines.split(b"\n"):
            job_id, tone = line.split(b" ", 1)
            self._on_tone(job_id.decode(), _decode_tone(tone))
