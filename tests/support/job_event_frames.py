"""Steps of a job, and its events as they were sent."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.job_events import EncodedEvents, JobEvents
from gateway.queue.job_follower import JobProgress
from shared import results
from shared.jobs import ChatJob, Tone
from shared.results import JobRecord
from tests.support.gateway_harness import GatewayHarness, reply_to

EVENTS = {"Accept": "text/event-stream"}


JOB = ChatJob("j-1", "Hello", "c-1", 1.0)


REPLY = results.encode_reply(reply_to(JOB))


TEXT = reply_to(JOB).response


TONE = msgspec.json.encode(Tone("neutral", 0.8))


def read(sent: bytes) -> list[tuple[str, str, Any]]:
    """Return id, name and data of each event."""
    events = []
    for block in filter(None, sent.decode().split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "event" in fields:
            events.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return events


def names(sent: bytes) -> list[str]:
    return [name for _, name, _ in read(sent)]


def events_of(harness: GatewayHarness, last_event_id: str | None = None) -> EncodedEvents:
    return EncodedEvents(JobEvents(harness.follower, "j-1", last_event_id))


def steps() -> Iterator[JobProgress | JobRecord]:
    """Yield how a job goes on whose reply is written sentence by sentence."""
    yield JobProgress("queued", "c-1", waiting=3)
    yield JobProgress("queued", "c-1", waiting=1)
    yield JobProgress("started", "c-1", waiting=7)
    yield JobProgress("started", "c-1", TONE)
    yield JobProgress("started", "c-1", TONE, TEXT[:9].encode())
    yield JobProgress("started", "c-1", TONE, TEXT[:9].encode())
    yield JobRecord("done", REPLY)


def take(harness: GatewayHarness, step: JobProgress | JobRecord) -> None:
    if isinstance(step, JobRecord):
        harness.jobs.records["j-1"] = step
    else:
        harness.follower.progress["j-1"] = step
