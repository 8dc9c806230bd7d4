"""Chat completions and responses as clients of OpenAI meet them, over fakes."""

from typing import Any

import pytest

from gateway.queue.job_follower import JobProgress
from gateway.queue.publisher import ExistingJob
from gateway.settings import GatewaySettings
from shared import results
from shared.errors import (
    QueueUnavailable,
)
from shared.jobs import ChatJob
from shared.results import Failure, JobRecord
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness, reply_to
from tests.support.openai_calls import (
    COMPLETIONS,
    HELLO,
    RESPONSES,
    complete,
    converse,
    error,
    said,
    sent,
)


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness


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


def test_a_long_conversation_is_taken(harness: GatewayHarness) -> None:
    texts = ["A long story. " * 280] * 101
    assert complete(harness, *said(*texts)).status_code == 200


def test_models_are_listed(harness: GatewayHarness) -> None:
    listed = harness.client.get("/v1/models").get_json()
    assert listed["object"] == "list"
    assert harness.client.get("/v1/models/parley").get_json() == listed["data"][0]
    assert error(harness.client.get("/v1/models/gpt-9"), 404)["code"] == "model_not_found"
