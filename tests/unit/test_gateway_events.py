"""A conversation as server-sent events."""

import json
import socket
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from gateway.authentication import CACHE_SECONDS
from gateway.event_stream import RETRY, ConversationEvents, stream
from gateway.queue.watches import StreamPlaces, Watch, Watches
from shared.api_keys import ApiKey, digest_of
from shared.errors import ClientGone, QueueUnavailable, StreamsFull
from shared.handovers import Handover, HandoverSummary
from shared.jobs import Turn
from tests.fakes.access import let_in
from tests.support.gateway_harness import GatewayHarness

OPEN = Handover("h-1", "c-1", None, 1.0, "wish", HandoverSummary())


@pytest.fixture
def harness() -> GatewayHarness:
    return GatewayHarness()


def say(harness: GatewayHarness, *texts: str) -> None:
    stored = harness.conversations.stored.setdefault("c-1", [])
    stored += [msgspec.json.encode(Turn("user", text, f"job-{text}", 1.0)) for text in texts]


def events_of(harness: GatewayHarness, last_event_id: str | None = None) -> ConversationEvents:
    return ConversationEvents(harness.conversations, harness.handovers, "c-1", last_event_id)


def read(sent: bytes) -> list[tuple[str | None, str, Any]]:
    """Return the id, name and data of each event."""
    events = []
    for block in filter(None, sent.decode().split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return events


def texts(sent: bytes) -> list[str]:
    return [data["text"] for _, name, data in read(sent) if name == "turn"]


def test_what_is_kept_comes_first_and_then_only_what_is_new(harness: GatewayHarness) -> None:
    say(harness, "one", "two")
    events = events_of(harness)

    assert texts(events.news()) == ["one", "two"]
    assert events.news() == b""
    say(harness, "three\nlines\u2028here")
    assert texts(events.news()) == ["three\nlines\u2028here"]


def test_who_comes_back_gets_what_they_missed(harness: GatewayHarness) -> None:
    say(harness, "one", "two", "three")
    last = read(events_of(harness).news())[1][0]

    assert texts(events_of(harness, last).news()) == ["three"]
    harness.conversations.stored["c-1"].pop(0)  # the oldest is no longer kept
    assert texts(events_of(harness, last).news()) == ["three"]
    assert texts(events_of(harness, "unheard-of").news()) == ["two", "three"]


def test_each_change_of_the_handover_is_told_once(harness: GatewayHarness) -> None:
    events = events_of(harness)
    assert events.news() == b""
    harness.handovers.records["h-1"] = OPEN
    opened, again = events.news(), events.news()
    harness.handovers.records["h-1"] = replace(OPEN, state="claimed", claimed_by="anna")

    assert read(opened) == [(None, "handover", {"id": "h-1", "state": "open", "claimed_by": None})]
    assert again == b""
    assert read(events.news())[0][2] == {"id": "h-1", "state": "claimed", "claimed_by": "anna"}


def test_an_erased_conversation_is_said_to_be_and_may_begin_again(harness: GatewayHarness) -> None:
    say(harness, "one")
    events = events_of(harness)
    events.news()
    harness.conversations.erase("c-1")

    assert read(events.news()) == [(None, "erased", {})]
    assert events.news() == b""
    say(harness, "anew")
    assert texts(events.news()) == ["anew"]


def watch_of(watches: Watches) -> Watch:
    return watches.watch("c-1")


def test_a_stream_wakes_for_its_conversation_and_ends_with_the_process(
    harness: GatewayHarness,
) -> None:
    watches = Watches(StreamPlaces(1))
    frames = stream(
        events_of(harness), watch_of(watches), RETRY, heartbeat_seconds=60, check=let_in
    )
    assert next(frames) == b"retry: 2000\n\n"

    say(harness, "one")
    watches.wake(["c-1", "c-2"])
    assert texts(next(frames)) == ["one"]
    say(harness, "two")
    watches.wake_all()
    assert texts(next(frames)) == ["two"]
    say(harness, "last")
    watches.end_all()
    assert texts(next(frames)) == ["last"]
    assert list(frames) == []
    with pytest.raises(StreamsFull):
        watches.watch("c-2")


def test_a_quiet_stream_is_kept_open_and_looks_for_what_it_did_not_hear(
    harness: GatewayHarness,
) -> None:
    watches = Watches(StreamPlaces(1))
    frames = stream(events_of(harness), watch_of(watches), RETRY, heartbeat_seconds=0, check=let_in)
    next(frames)

    assert next(frames).startswith(b":")
    say(harness, "unheard")
    assert texts(next(frames)) == ["unheard"]


class BrokenConversations:
    def turns(self, conversation_id: str) -> list[bytes]:
        raise QueueUnavailable("switched off by a test")

    def erase(self, conversation_id: str) -> None:
        raise QueueUnavailable("switched off by a test")


def test_a_stream_ends_without_redis_or_client(harness: GatewayHarness) -> None:
    watches = Watches(StreamPlaces(2))
    gone, broken = watch_of(watches), watch_of(watches)
    gone.client_disconnected()
    events = ConversationEvents(BrokenConversations(), harness.handovers, "c-1", None)

    for each, watch in ((events_of(harness), gone), (events, broken)):
        frames = stream(each, watch, RETRY, heartbeat_seconds=0, check=let_in)
        assert list(frames) == [b"retry: 2000\n\n"]
    with pytest.raises(ClientGone):
        gone.wait(0)


@pytest.mark.parametrize("with_key", [True, False])
def test_a_stream_ends_once_its_key_does_not_count_any_more(
    harness: GatewayHarness, *, with_key: bool
) -> None:
    """Nor does one go on that was opened while nobody was asked for a key."""
    made = ApiKey("id", scopes=frozenset(("read",)))
    if with_key:
        harness.keys.create(digest_of("pk_key"), made)
    say(harness, "one")
    sent = {"Authorization": "Bearer pk_key"}
    response = harness.client.get("/conversations/c-1/events", headers=sent)
    frames: Any = response.iter_encoded()
    assert texts(next(frames).removeprefix(RETRY)) == ["one"]
    say(harness, "two")
    harness.watches.wake(["c-1"])
    assert texts(next(frames)) == ["two"]

    if with_key:
        harness.keys.revoke("id")
    harness.keys.create(digest_of("another"), replace(made, id="other"))
    harness.clock.advance(CACHE_SECONDS)
    say(harness, "three")
    harness.watches.wake(["c-1"])

    assert list(frames) == []
    response.close()
    assert len(harness.watches) == 0


def test_the_route_streams_and_frees_its_place_when_it_is_closed(harness: GatewayHarness) -> None:
    say(harness, "one")
    response = harness.client.get("/conversations/c-1/events")

    assert response.mimetype == "text/event-stream"
    assert next(response.iter_encoded()).startswith(b"retry: 2000\n\nid: ")
    assert len(harness.watches) == 1
    response.close()
    assert len(harness.watches) == 0


def test_more_streams_than_are_served_are_refused(harness: GatewayHarness) -> None:
    streams = [harness.client.get("/conversations/c-1/events") for _ in range(2)]

    refused = harness.client.get("/conversations/c-2/events")

    assert refused.status_code == 503
    assert refused.get_json()["type"] == "urn:parley:problem:streams-full"
    assert refused.headers["Retry-After"] == "5"
    for response in streams:
        response.close()
    assert len(harness.watches) == 0


def test_a_head_request_and_a_fault_keep_no_place(harness: GatewayHarness) -> None:
    harness.client.head("/conversations/c-1/events").close()
    assert len(harness.watches) == 0
    assert harness.client.get("/conversations/a%0Ab/events").status_code == 404

    def fail(_conversation_id: str) -> list[bytes]:
        raise QueueUnavailable("switched off by a test")

    harness.conversations.turns = fail  # type: ignore[method-assign, assignment]
    assert harness.client.get("/conversations/c-1/events").status_code == 503
    assert len(harness.watches) == 0


def test_a_connection_that_is_closed_already_keeps_no_place(harness: GatewayHarness) -> None:
    client = socket.socket()
    client.close()
    streams = harness.client.get(
        "/conversations/c-1/events", environ_overrides={"gunicorn.socket": client}
    )

    assert streams.status_code == 200
    assert len(harness.watches) == 1
    streams.close()
    assert len(harness.watches) == 0


def test_this_gateway_listens_from_the_first_stream_on() -> None:
    listening: list[Watches] = []
    open_streams: list[int] = []
    watches = Watches(StreamPlaces(3, open_streams.append), listening.append)
    assert listening == []

    first = watches.watch("c-1")
    watches.watch("c-1").close()
    first.close()
    first.close()

    assert listening == [watches]
    assert open_streams == [1, 2, 1, 0]
