"""Event streams of jobs over HTTP: who gets one, and how it ends."""

import json
import socket

import pytest
from werkzeug.test import TestResponse

from gateway.event_response import SEND_SECONDS
from gateway.queue.job_follower import JobProgress
from gateway.queue.publisher import ExistingJob
from gateway.settings import GatewaySettings
from shared import results
from shared.errors import AdmissionRefused, QueueUnavailable
from shared.jobs import ChatJob
from shared.results import JobRecord
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness, reply_to
from tests.support.job_event_frames import (
    EVENTS,
    REPLY,
    names,
    read,
    take,
)


@pytest.fixture
def harness() -> GatewayHarness:
    return GatewayHarness()


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
    harness.clock.advance(1)
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
