"""A job as server-sent events."""

import json
from typing import Any

import pytest

from gateway.event_stream import stream
from gateway.queue.job_follower import JobProgress
from gateway.queue.watches import StreamPlaces, Watches
from shared import results
from shared.results import Failure, JobRecord
from tests.fakes.access import let_in
from tests.support.gateway_harness import GatewayHarness
from tests.support.job_event_frames import (
    REPLY,
    TEXT,
    TONE,
    events_of,
    names,
    read,
    steps,
    take,
)


@pytest.fixture
def harness() -> GatewayHarness:
    return GatewayHarness()


def test_each_step_is_told_once_and_in_order(harness: GatewayHarness) -> None:
    events, sent = events_of(harness), b""
    for step in steps():
        take(harness, step)
        sent += events.news()

    assert events.over
    ids = {"job_id": "j-1", "conversation_id": "c-1"}
    assert read(sent) == [
        ("queued-3", "queued", {**ids, "position": 3}),
        ("queued-1", "queued", {**ids, "position": 1}),
        ("started", "started", ids),
        ("tone", "tone", json.loads(TONE)),
        ("delta-9", "delta", {"text": TEXT[:9]}),
        (f"delta-{len(TEXT)}", "delta", {"text": TEXT[9:]}),
        ("reply", "reply", json.loads(REPLY)),
    ]


@pytest.mark.parametrize("cut", range(8))
def test_a_client_that_comes_back_anywhere_loses_nothing_and_gets_nothing_twice(
    cut: int, harness: GatewayHarness
) -> None:
    """Break the stream after each event; the rest comes from another process."""
    first, seen = events_of(harness), list[tuple[str, str, Any]]()
    for step in steps():
        take(harness, step)
        for event in read(first.news()):
            if len(seen) < cut:
                seen.append(event)
    last = seen[-1][0] if seen else None

    rest = [] if last == "reply" else read(events_of(harness, last).news())

    told = [name for _, name, _ in seen + rest]
    assert [name for name in told if name not in ("queued", "delta")] == [
        "started",
        "tone",
        "reply",
    ]
    assert told.count("queued") == (2 if cut >= 2 else 1)
    deltas = [data["text"] for _, name, data in seen + rest if name == "delta"]
    assert "".join(deltas) == TEXT


def test_text_of_many_bytes_a_character_is_cut_where_it_was_left(harness: GatewayHarness) -> None:
    take(harness, JobProgress("started", "c-1", TONE, "Grüße, 你好".encode()))
    last = read(events_of(harness).news())[-1]
    take(harness, JobProgress("started", "c-1", TONE, "Grüße, 你好! 🎉".encode()))

    assert last[2] == {"text": "Grüße, 你好"}
    assert [data for _, _, data in read(events_of(harness, last[0]).news())] == [{"text": "! 🎉"}]


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_a_job_without_a_reply_ends_in_its_problem(state: Any, harness: GatewayHarness) -> None:
    body = results.encode_failure(Failure(state, "Sorry."))
    take(harness, JobRecord(state, body))
    events = events_of(harness)

    [(event_id, name, data)] = read(events.news())

    assert (event_id, name, data["type"]) == ("error", "error", f"urn:parley:problem:job-{state}")
    assert events.over


def test_a_job_that_is_forgotten_meanwhile_ends_in_a_problem(harness: GatewayHarness) -> None:
    events = events_of(harness)

    assert read(events.news())[0][2]["type"] == "urn:parley:problem:unknown-job"
    assert events.over


def test_a_stream_ends_with_the_reply_or_when_its_time_is_up(harness: GatewayHarness) -> None:
    take(harness, JobProgress("started", "c-1"))
    watches = Watches(StreamPlaces(2))
    late = stream(events_of(harness), watches.watch("j-1"), b"first", limit_seconds=0, check=let_in)
    events, watch = events_of(harness), watches.watch("j-1")
    frames = stream(events, watch, events.news(), check=let_in)

    assert list(late) == [b"first"]
    assert names(next(frames)) == ["queued", "started"]
    take(harness, JobRecord("done", REPLY))
    watches.wake(["j-1"])
    assert names(next(frames)) == ["tone", "delta", "reply"]
    assert list(frames) == []
