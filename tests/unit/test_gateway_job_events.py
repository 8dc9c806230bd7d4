"""A job as server-sent events."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from werkzeug.test import TestResponse

from gateway.event_response import SEND_SECONDS
from gateway.event_stream import stream
from gateway.job_events import EncodedEvents, JobEvents
from gateway.queue.job_follower import JobProgress
from gateway.queue.publisher import ExistingJob
from gateway.queue.watches import StreamPlaces, Watches
from gateway.settings import GatewaySettings
from shared import results
from shared.errors import AdmissionRefused, QueueUnavailable
from shared.jobs import ChatJob, Tone
from shared.results import Failure, JobRecord
from shared.settings import load
from tests.fakes.access import let_in
from tests.support.gateway_harness import GatewayHarness, reply_to

EVENTS = {"Accept": "text/event-stream"}
JOB = ChatJob("j-1", "Hello", "c-1", 1.0)
REPLY = results.encode_reply(reply_to(JOB))
TEXT = reply_to(JOB).response
TONE = msgspec.json.encode(Tone("neutral", 0.8))


@pytest.fixture
def harness() -> GatewayHarness:
    return GatewayHarness()


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


def ask(harness: GatewayHarness, **headers: str) -> TestResponse:
    return harness.client.post("/chat", json={"message": "Hello"}, headers={**EVENTS, **headers})


def test_a_question_is_answered_with_events(harness: GatewayHarness) -> None:
    harness.answer_at_once()
    response = ask(harness, Prefer="wait=3")

    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Preference-Applied"] == "wait=3"
    assert response.data.startswith(b"retry: 2000\n\nid: queued-1\n")
    assert names(response.data) == ["queued", "started", "tone", "delta", "reply"]
    [job] = harness.published
    assert read(response.data)[-1][2] == json.loads(results.encode_reply(reply_to(job)))
    response.close()
    assert len(harness.job_watches) == 0


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json;q=0.5", True),
        ("TEXT/EVENT-STREAM", True),
        ("application/json, text/event-stream", False),
        ("text/event-stream;q=0", False),
        ("*/*", False),
        ("text/*", False),
    ],
)
def test_events_are_for_those_who_ask_for_them(
    accept: str, streams: bool, harness: GatewayHarness
) -> None:
    harness.answer_at_once()
    response = ask(harness, Accept=accept)
    expected = "text/event-stream" if streams else "application/json"
    assert response.mimetype == expected


def test_who_does_not_want_to_wait_gets_no_stream(harness: GatewayHarness) -> None:
    response = ask(harness, Prefer="respond-async")
    assert response.status_code == 202
    assert len(harness.job_watches) == 0


def test_a_wait_that_runs_out_ends_the_stream_without_an_end() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))
    harness.publisher.on_publish = lambda job: harness.follower.progress.update(
        {job.id: JobProgress("queued", job.conversation_id)}
    )
    response = ask(harness)
    assert names(response.data) == ["queued"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(AdmissionRefused("full", 9.0), 503), (QueueUnavailable("down"), 503)],
)
def test_what_cannot_be_queued_is_a_problem_and_keeps_no_place(
    error: Exception, status: int, harness: GatewayHarness
) -> None:
    harness.publisher.answer = error
    response = ask(harness)

    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert len(harness.job_watches) == 0
    assert harness.client.post("/chat", data=b"{", headers=EVENTS).status_code == 400


def test_a_repeated_request_follows_the_first_one_s_job(harness: GatewayHarness) -> None:
    harness.publisher.answer = ExistingJob("j-1", "c-1")
    take(harness, JobRecord("done", REPLY))

    response = ask(harness, **{"Idempotency-Key": "k"})

    assert read(response.data)[-1][2]["job_id"] == "j-1"


def test_a_job_s_events_can_be_followed_and_resumed(harness: GatewayHarness) -> None:
    take(harness, JobRecord("done", REPLY))
    client = harness.client

    whole = client.get("/jobs/j-1/events")
    rest = client.get("/jobs/j-1/events", headers={"Last-Event-ID": "tone"})
    over = client.get("/jobs/j-1/events", headers={"Last-Event-ID": "reply"})

    assert names(whole.data) == ["queued", "started", "tone", "delta", "reply"]
    assert names(rest.data) == ["delta", "reply"]
    assert over.status_code == 204
    whole.close()
    rest.close()
    assert client.get("/jobs/unheard-of/events").status_code == 404
    client.head("/jobs/j-1/events").close()
    assert len(harness.job_watches) == 0


def test_all_kinds_of_streams_share_the_places(harness: GatewayHarness) -> None:
    take(harness, JobProgress("queued", "c-1"))
    harness.jobs.records["j-1"] = JobRecord("queued")
    streams = [harness.client.get(f"/{path}/events") for path in ("jobs/j-1", "conversations/c")]

    refused = ask(harness)

    assert refused.get_json()["type"] == "urn:parley:problem:streams-full"
    assert harness.published == []
    for response in streams:
        response.close()
    assert len(harness.job_watches) == len(harness.watches) == 0


def test_a_process_that_stops_ends_what_can_be_resumed_and_no_answer(
    harness: GatewayHarness,
) -> None:
    take(harness, JobProgress("queued", "c-1"))
    harness.jobs.records["j-1"] = JobRecord("queued")
    followed = harness.client.get("/jobs/j-1/events").iter_encoded()
    next(followed)
    asked = harness.job_watches.watch("j-2", ends_with_process=False)

    harness.job_streams.end_all()

    assert list(followed) == [b": still here\n\n"]
    assert not asked.ended
    assert harness.client.get("/jobs/j-1/events").status_code == 503


def test_a_client_that_does_not_read_is_given_a_bounded_time(harness: GatewayHarness) -> None:
    take(harness, JobRecord("done", REPLY))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        response = harness.client.get(
            "/jobs/j-1/events", environ_overrides={"gunicorn.socket": ours}
        )
        assert ours.gettimeout() == SEND_SECONDS
        assert len(harness.disconnect_watcher) == 1
        response.close()
        assert ours.gettimeout() is None
        assert len(harness.disconnect_watcher) == 0


@pytest.mark.parametrize(("path", "cancelled"), [("/chat", False), ("/v1/chat/completions", True)])
def test_a_client_that_goes_away_frees_its_place_and_ends_what_it_cannot_come_back_for(
    path: str, cancelled: bool, harness: GatewayHarness
) -> None:
    def begin(job: ChatJob) -> None:
        harness.jobs.records[job.id] = JobRecord("queued")
        harness.follower.progress[job.id] = JobProgress("queued", job.conversation_id)

    harness.publisher.on_publish = begin
    asked = {"model": "parley", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    ours, theirs = socket.socketpair()
    with ours:
        response = harness.client.post(
            path,
            json={"message": "Hello"} if path == "/chat" else asked,
            headers=EVENTS,
            environ_overrides={"gunicorn.socket": ours},
        )
        frames = response.iter_encoded()
        next(frames)
        theirs.close()

        assert harness.disconnect_watcher.poll() == 1
        assert list(frames) == []
        response.close()
    assert len(harness.job_watches) == 0
    state = harness.jobs.records[harness.published[0].id].state
    assert state == ("cancelled" if cancelled else "queued")
