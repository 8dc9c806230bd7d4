"""Chat completions and responses as clients of OpenAI meet them, over fakes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.openai_api.messages import Said, history_digest, read_messages
from gateway.queue.job_follower import JobProgress
from gateway.queue.publisher import ExistingJob
from gateway.settings import GatewaySettings
from shared import results
from shared.api_keys import ApiKey, digest_of, new_key
from shared.errors import (
    AdmissionRefused,
    ClientGone,
    ConversationBusy,
    InvalidRequest,
    QueueUnavailable,
)
from shared.jobs import ChatJob
from shared.results import Failure, JobRecord
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness, reply_to

COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/responses"
HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness


def complete(harness: GatewayHarness, *messages: Any, **members: Any) -> TestResponse:
    body = {"model": "parley", "messages": list(messages) or [HELLO], **members}
    return harness.client.post(COMPLETIONS, json=body)


def respond(harness: GatewayHarness, given: Any = "Hello", **members: Any) -> TestResponse:
    return harness.client.post(RESPONSES, json={"model": "parley", "input": given, **members})


def error(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    found: dict[str, Any] = response.get_json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def sent(response: TestResponse) -> Iterator[Any]:
    """Yield the data of each server-sent event."""
    for line in response.get_data(as_text=True).splitlines():
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield data if data == "[DONE]" else json.loads(data)


def test_a_completion_has_the_form_of_openai_and_parleys_own_members(
    harness: GatewayHarness,
) -> None:
    response = complete(harness, {"role": "system", "content": "Be brief."}, HELLO, temperature=2)

    [job] = harness.published
    body = response.get_json()
    assert body["id"] == f"chatcmpl-{job.id}"
    assert (body["object"], body["model"]) == ("chat.completion", "parley")
    [choice] = body["choices"]
    assert choice["message"]["content"] == reply_to(job).response
    assert choice["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}
    assert body["parley"]["job_id"] == job.id
    assert body["parley"]["answer"]["id"] == "greeting"
    assert (job.message, job.conversation_id) == ("Hello", job.id)


def test_the_last_user_message_is_asked_in_whatever_parts_it_comes(harness: GatewayHarness) -> None:
    parts = [{"type": "text", "text": "Where is"}, {"type": "text", "text": "my parcel?"}]
    later: Any = {"role": "assistant", "content": None, "tool_calls": []}
    complete(harness, HELLO, {"role": "user", "content": parts}, later)

    assert harness.published[0].message == "Where is\nmy parcel?"


def test_what_is_said_of_conversation_and_user_counts(harness: GatewayHarness) -> None:
    complete(harness, metadata={"conversation_id": "c/1", "user_id": "u-1"}, user="other")
    complete(harness, user="u-2")
    complete(harness, safety_identifier="u-3")

    jobs = harness.published
    assert (jobs[0].conversation_id, jobs[0].user_id) == ("c/1", "u-1")
    assert [job.user_id for job in jobs[1:]] == ["u-2", "u-3"]


def said(*texts: str) -> list[dict[str, str]]:
    """Return texts as messages of user and assistant in turn."""
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]


def converse(harness: GatewayHarness, texts: list[str], **members: Any) -> str:
    """Ask, note the answer, and return the conversation."""
    body = complete(harness, *said(*texts), **members).get_json()
    texts.append(body["choices"][0]["message"]["content"])
    conversation: str = body["parley"]["conversation_id"]
    return conversation


def test_a_client_without_a_memory_stays_in_its_conversation(harness: GatewayHarness) -> None:
    texts = ["One"]
    first = converse(harness, texts)
    texts.append("Two?")
    second = converse(harness, texts)
    texts += ["Three!"]
    third = converse(harness, [*texts])

    assert first == second == third


def test_two_whose_conversations_began_alike_never_share_one(harness: GatewayHarness) -> None:
    mine, theirs = ["Hello"], ["Hello"]
    begun = {converse(harness, mine), converse(harness, theirs)}
    assert mine == theirs
    mine.append("I am Anna.")
    theirs.append("I am Ben.")

    went_on = {converse(harness, mine), converse(harness, theirs)}

    assert begun == went_on
    assert len(went_on) == 2


@pytest.mark.parametrize("user", ["anna", "ben"])
def test_another_user_does_not_go_on_with_it(user: str, harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts, user="anna")
    texts.append("And?")

    assert (converse(harness, texts, user=user) == begun) == (user == "anna")


def test_what_was_said_elsewhere_begins_a_new_conversation(harness: GatewayHarness) -> None:
    texts = ["Hello", "Written by another model.", "And now?"]
    conversation = converse(harness, texts)

    assert conversation == harness.published[-1].id
    asked_again = converse(harness, ["Hello", "Written by another model.", "And now?"])
    assert asked_again != conversation


def test_a_named_conversation_is_not_looked_for(harness: GatewayHarness) -> None:
    converse(harness, ["Hello"], metadata={"conversation_id": "named"})
    assert harness.histories.kept == {}


def test_a_refused_question_does_not_lose_its_conversation(harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    harness.publisher.answer = AdmissionRefused("full", 2.0)
    refused = complete(harness, *said(*texts))
    harness.publisher.answer = None

    assert error(refused, 503)["type"] == "server_error"
    assert refused.headers["Retry-After"] == "2"
    assert converse(harness, texts) == begun


@pytest.mark.parametrize("streamed", [True, False])
def test_a_failed_question_does_not_lose_its_conversation(
    streamed: bool, harness: GatewayHarness
) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    answer = harness.publisher.on_publish
    harness.fail_at_once(Failure("failed", "It could not be read."))
    assert b"could not be read" in complete(harness, *said(*texts), stream=streamed).data
    harness.publisher.on_publish = answer

    assert converse(harness, texts) == begun


def test_a_client_that_went_away_finds_its_conversation_again(harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    harness.publisher.answer = ClientGone("the client closed the connection")
    assert complete(harness, *said(*texts)).status_code == 499
    harness.publisher.answer = None

    assert converse(harness, texts) == begun


def test_digests_tell_apart_who_said_what() -> None:
    one = [Said("user", "a"), Said("assistant", "b")]
    other = [Said("user", "a"), Said("user", "b")]
    digests = {
        history_digest(user, history) for user in (None, "u") for history in (one, other, one[:1])
    }
    assert len(digests) == 6
    assert history_digest(None, [Said("user", " a\n"), one[1], Said("assistant", "")]) in digests


def test_a_stream_is_chunks_and_done(harness: GatewayHarness) -> None:
    response = complete(harness, stream=True, stream_options={"include_usage": True})
    *chunks, done = sent(response)

    [job] = harness.published
    assert response.mimetype == "text/event-stream"
    assert done == "[DONE]"
    assert {chunk["id"] for chunk in chunks} == {f"chatcmpl-{job.id}"}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == reply_to(job).response
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-2]["parley"]["job_id"] == job.id
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 6


def test_a_stream_without_usage_does_not_mention_it(harness: GatewayHarness) -> None:
    *chunks, _ = sent(complete(harness, stream=True))
    assert not any("usage" in chunk for chunk in chunks)


def test_a_streamed_conversation_goes_on_too(harness: GatewayHarness) -> None:
    list(sent(complete(harness, stream=True)))
    [job] = harness.published
    assert converse(harness, ["Hello", reply_to(job).response, "And?"]) == job.id


def test_a_response_has_the_form_of_openai(harness: GatewayHarness) -> None:
    body = respond(harness, metadata={"shop": "one"}).get_json()

    [job] = harness.published
    assert (body["id"], body["status"]) == (f"resp_{job.id}", "completed")
    [item] = body["output"]
    assert item["content"][0]["text"] == reply_to(job).response
    assert body["usage"]["input_tokens"] == 1
    assert body["metadata"] == {"shop": "one"}
    assert body["conversation"] == {"id": job.conversation_id}
    assert body["parley"]["job_id"] == job.id


def test_a_response_follows_another_or_a_conversation(harness: GatewayHarness) -> None:
    first = respond(harness, conversation="c-1").get_json()
    respond(harness, [{"role": "user", "content": [{"type": "input_text", "text": "Two"}]}],
            previous_response_id=first["id"])  # fmt: skip
    respond(harness, "Three", conversation={"id": "c-1"})
    items = [{"type": "reasoning", "summary": []}, *said("Hello", "Hi.", "Four")]
    respond(harness, items, metadata={"conversation_id": "c-1"})

    assert [job.conversation_id for job in harness.published] == ["c-1"] * 4
    assert [job.message for job in harness.published] == ["Hello", "Two", "Three", "Four"]


def test_an_unknown_previous_response_is_refused_as_openai_does(harness: GatewayHarness) -> None:
    found = error(respond(harness, previous_response_id="resp_x"), 400)
    assert found["code"] == "previous_response_not_found"
    both = error(respond(harness, previous_response_id="resp_x", conversation="c"), 400)
    assert both["param"] == "previous_response_id"


def test_a_streamed_response_tells_each_step(harness: GatewayHarness) -> None:
    events = list(sent(respond(harness, stream=True)))

    [job] = harness.published
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"].removeprefix("response.") for event in events] == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
        "completed",
    ]
    assert events[4]["delta"] == events[5]["text"] == reply_to(job).response
    assert events[0]["response"]["output"] == []
    assert events[-1]["response"]["output"][0]["id"] == events[4]["item_id"]


@pytest.mark.parametrize("path", [COMPLETIONS, RESPONSES])
def test_a_failed_job_is_an_error_of_openai(path: str, harness: GatewayHarness) -> None:
    harness.fail_at_once(Failure("failed", "It could not be read."))
    asked = {"model": "parley", "messages": [HELLO], "input": "Hello"}
    whole = harness.client.post(path, json=asked)
    *_, streamed = sent(harness.client.post(path, json={**asked, "stream": True}))

    assert error(whole, 500)["message"] == "It could not be read."
    assert streamed["error"]["code"] == "job_failed"
    assert streamed["error"]["type"] == "server_error"


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_that_does_not_come_in_time_is_an_error(streamed: bool) -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))

    def begin(job: ChatJob) -> None:
        harness.jobs.records[job.id] = JobRecord("queued")
        harness.follower.progress[job.id] = JobProgress("queued", job.conversation_id)

    harness.publisher.on_publish = begin
    response = complete(harness, stream=streamed)

    found = [*sent(response)][-1]["error"] if streamed else error(response, 504)
    assert found["code"] == "job_expired"
    assert streamed or harness.jobs.records[harness.published[0].id].state == "cancelled"


def test_an_outage_while_a_stream_is_open_is_outlasted(harness: GatewayHarness) -> None:
    harness.publisher.on_publish = lambda job: harness.follower.progress.update(
        {job.id: JobProgress("queued", job.conversation_id)}
    )
    frames = complete(harness, stream=True).iter_encoded()
    next(frames)
    [job] = harness.published
    follow, harness.follower.follow = harness.follower.follow, unavailable  # type: ignore[method-assign]
    harness.job_watches.wake_all()
    assert next(frames).startswith(b":")
    harness.follower.follow = follow  # type: ignore[method-assign]
    harness.jobs.records[job.id] = JobRecord("done", results.encode_reply(reply_to(job)))
    harness.job_watches.wake_all()

    assert next(frames).endswith(b"data: [DONE]\n\n")


def unavailable(job_id: str, known_bytes: int) -> Any:
    raise QueueUnavailable("switched off by a test")


def test_a_repeated_key_is_answered_from_the_first_job(harness: GatewayHarness) -> None:
    asked = {"model": "parley", "messages": said("Hello", "Hi.", "And?")}
    harness.client.post(COMPLETIONS, json=asked, headers={"Idempotency-Key": "k"})
    harness.client.post(COMPLETIONS, json=asked, headers={"Idempotency-Key": "k"})
    first, second = (request.key for request in harness.publisher.requests)
    assert first == second
    assert first is not None

    job = harness.published[0]
    harness.jobs.records[job.id] = JobRecord("done", results.encode_reply(reply_to(job)))
    harness.publisher.answer = ExistingJob(job.id, job.conversation_id)
    again = harness.client.post(COMPLETIONS, json=asked, headers={"Idempotency-Key": "k"})
    assert again.get_json()["parley"]["job_id"] == job.id


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "include_usage"),
        ({"metadata": {"conversation_id": 1}}, "metadata"),
        ({"metadata": {"conversation_id": ""}}, "metadata.conversation_id"),
        ({"user": "a\nb"}, "user"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": ["Hello"]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": 4}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 4001}]}, "messages"),
        ({"model": None}, "model"),
    ],
)
def test_what_is_not_served_is_refused_by_name(
    members: dict[str, Any], param: str, harness: GatewayHarness
) -> None:
    found = error(complete(harness, **members), 400)
    assert (found["type"], found["param"]) == ("invalid_request_error", param)
    assert harness.published == []


@pytest.mark.parametrize(
    "members",
    [
        {"n": 1, "response_format": {"type": "text"}, "tools": [], "tool_choice": "auto"},
        {"logprobs": False, "max_completion_tokens": 5, "seed": 1, "stop": ["x"], "store": True},
        {"stream": None, "metadata": None, "user": None, "reasoning_effort": "low"},
    ],
)
def test_what_changes_nothing_is_taken(members: dict[str, Any], harness: GatewayHarness) -> None:
    assert complete(harness, **members).status_code == 200


def test_an_image_that_was_sent_before_does_not_matter(harness: GatewayHarness) -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    assert complete(harness, image, HELLO).status_code == 200


@pytest.mark.parametrize(
    "members",
    [
        {"input": None},
        {"input": []},
        {"input": [{"type": "reasoning"}]},
        {"input": " "},
        {"background": True},
        {"text": {"format": {"type": "json_schema"}}},
        {"conversation": 4},
        {"prompt": {"id": "p"}},
    ],
)
def test_responses_that_are_not_served_are_refused(
    members: dict[str, Any], harness: GatewayHarness
) -> None:
    body = {"model": "parley", "input": "Hello", **members}
    error(harness.client.post(RESPONSES, json=body), 400)
    assert harness.published == []


def test_every_error_under_v1_is_openais(harness: GatewayHarness) -> None:
    client = harness.client
    unknown = error(client.post(COMPLETIONS, json={"model": "gpt-9", "messages": [HELLO]}), 404)
    assert unknown["code"] == "model_not_found"
    assert error(client.get("/v1/nothing"), 404)["type"] == "invalid_request_error"
    assert client.get("/nothing").content_type == "application/problem+json"
    assert error(client.get(COMPLETIONS), 405)["code"] == "method_not_allowed"
    plain = client.post(COMPLETIONS, data=b"{}", content_type="text/plain")
    assert error(plain, 415)["param"] is None
    broken = client.post(COMPLETIONS, data=b"{", content_type="application/json")
    assert "JSON" in error(broken, 400)["message"]
    error(client.post(COMPLETIONS, json=[]), 400)
    huge = client.post(COMPLETIONS, data=b" " * 2**21, content_type="application/json")
    error(huge, 413)


def test_a_long_conversation_is_taken(harness: GatewayHarness) -> None:
    texts = ["A long story. " * 280] * 101
    assert complete(harness, *said(*texts)).status_code == 200


def test_models_are_listed(harness: GatewayHarness) -> None:
    listed = harness.client.get("/v1/models").get_json()
    assert listed["object"] == "list"
    assert harness.client.get("/v1/models/parley").get_json() == listed["data"][0]
    assert error(harness.client.get("/v1/models/gpt-9"), 404)["code"] == "model_not_found"


def test_messages_name_the_one_at_fault() -> None:
    with pytest.raises(InvalidRequest, match=r"input\[1\]\.role"):
        read_messages([HELLO, {"role": "x"}], "input")


def test_keys_are_asked_for_in_openais_form(harness: GatewayHarness) -> None:
    key_id, key = new_key()
    harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(("read",))))
    client = harness.client

    missing = error(client.get("/v1/models"), 401)
    wrong = client.get("/v1/models", headers={"Authorization": f"Bearer {key}x"})
    other = client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})

    assert (missing["type"], missing["code"]) == ("authentication_error", "invalid_api_key")
    assert error(wrong, 401)["code"] == "invalid_api_key"
    assert error(other, 403)["type"] == "permission_error"


def test_limits_are_told_in_openais_form(harness: GatewayHarness) -> None:
    harness.publisher.answer = ConversationBusy("32 messages are waiting already", 1.0)
    response = complete(harness)

    found = error(response, 429)
    assert (found["type"], found["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert response.headers["Retry-After"] == "1"
