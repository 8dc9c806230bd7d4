"""Receives the tones that were not there yet when their job was answered."""

from collections.abc import Callable

import msgspec
import redis

from shared.jobs import Tone
from shared.subscription import Subscription

_decode_tone = msgspec.json.Decoder(Tone).decode


class ToneSubscription(Subscription):
    """Pass each published tone, with its job's id, to a callback."""

    def __init__(
        self, client: "redis.Redis", channel: str, on_tone: Callable[[str, Tone], None]
    ) -> None:
        def on_payload(lines: bytes) -> None:
            for line in lines.split(b"\n"):  # JSON holds no raw line break
                job_id, tone = line.split(b"\t", 1)  # nor do ids hold a tab
                on_tone(job_id.decode(), _decode_tone(tone))

        super().__init__(client, channel, on_payload, name="tones")
