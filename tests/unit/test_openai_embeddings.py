"""Embeddings as clients of OpenAI meet them, over fakes."""

import base64
import json
import struct
from typing import Any

import pytest

from gateway.openai_api.embeddings import MAX_INPUT_CHARACTERS, MAX_INPUTS
from gateway.settings import GatewaySettings
from shared import results
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob, EmbedJob
from shared.results import Failure, JobRecord, encode_failure
from shared.settings import load
from shared.task_body import MAX_BODY_BYTES
from shared.wire import read_inference_job
from tests.support.gateway_harness import GatewayHarness

PATH = "/v1/embeddings"


def embed_at_once(harness: GatewayHarness) -> None:
    """Let each text's vector be its length and 0.5."""

    def end(job: ChatJob) -> None:
        assert isinstance(job, EmbedJob)
        vectors = struct.pack(
            f"<{2 * len(job.texts)}f", *(part for text in job.texts for part in (len(text), 0.5))
        )
        coded = base64.b64encode(vectors).decode()
        body = json.dumps({"vectors": coded, "dimension": 2, "tokens": 3 * len(job.texts)}).encode()
        harness.jobs.records[job.id] = JobRecord("done", body)
        harness.feed.publish(results.encode_notification(job.id, "done", body))

    harness.publisher.on_publish = end


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    embed_at_once(harness)
    return harness


def embed(harness: GatewayHarness, given: Any, **members: Any) -> Any:
    return harness.client.post(PATH, json={"model": "parley", "input": given, **members})


def test_each_text_gets_its_vector_in_order(harness: GatewayHarness) -> None:
    body = embed(harness, ["one", "three"]).get_json()

    assert body["object"] == "list"
    assert body["data"] == [
        {"object": "embedding", "index": 0, "embedding": [3.0, 0.5]},
        {"object": "embedding", "index": 1, "embedding": [5.0, 0.5]},
    ]
    assert body["usage"] == {"prompt_tokens": 6, "total_tokens": 6}
    assert body["model"] == "parley"


def test_base64_holds_the_same_floats(harness: GatewayHarness) -> None:
    body = embed(harness, "seven", encoding_format="base64").get_json()
    raw = base64.b64decode(body["data"][0]["embedding"])
    assert struct.unpack("<2f", raw) == (5.0, 0.5)


def test_many_texts_are_several_jobs_that_fit_the_queue_and_leave_no_results(
    harness: GatewayHarness,
) -> None:
    texts = ["word " * (1 + number) for number in range(MAX_INPUTS - 1)]
    texts.append("🎉" * MAX_INPUT_CHARACTERS)
    body = embed(harness, texts).get_json()

    assert [each["embedding"][0] for each in body["data"]] == [float(len(text)) for text in texts]
    jobs = harness.published
    assert len(jobs) > MAX_INPUTS / 16
    for request in harness.publisher.requests:
        assert len(request.infer_task) < MAX_BODY_BYTES
        assert request.tone_task == b""
        read = read_inference_job(request.infer_task, request.job.accepted_at)
        assert isinstance(read, EmbedJob)
        assert isinstance(request.job, EmbedJob)
        assert read.texts == request.job.texts
    assert harness.jobs.records == {}


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"input": []}, "input"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": [" "]}, "input"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2, 3]]}, "input"),
        ({"input": {"text": "x"}}, "input"),
        ({"input": ["x"] * (MAX_INPUTS + 1)}, "input"),
        ({"input": "x" * (MAX_INPUT_CHARACTERS + 1)}, "input"),
        ({"input": "\x01" * MAX_INPUT_CHARACTERS}, "input"),
        ({"dimensions": 2}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"encoding_format": 1}, "encoding_format"),
        ({"user": ""}, "user"),
    ],
)
def test_what_is_not_served_is_refused_by_name(
    members: dict[str, Any], param: str, harness: GatewayHarness
) -> None:
    response = harness.client.post(PATH, json={"model": "parley", "input": "x", **members})
    assert response.status_code == 400
    assert response.get_json()["error"]["param"] == param
    assert harness.published == []


def test_if_one_part_cannot_be_queued_all_are_cancelled(harness: GatewayHarness) -> None:
    published: list[ChatJob] = []

    def refuse_later(job: ChatJob) -> None:
        published.append(job)
        harness.jobs.records[job.id] = JobRecord("queued")
        harness.publisher.answer = AdmissionRefused("full", 2.0)

    harness.publisher.on_publish = refuse_later
    response = embed(harness, ["x"] * 40)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert [harness.jobs.records[job.id].state for job in published] == ["cancelled"]
    assert len(harness.pending) == 0


def test_a_failed_part_fails_the_request(harness: GatewayHarness) -> None:
    harness.fail_at_once(Failure("failed", "It could not be read."))
    response = embed(harness, "x")
    assert response.status_code == 500
    assert response.get_json()["error"]["message"] == "It could not be read."


def test_vectors_that_do_not_come_in_time_are_an_error() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))
    response = embed(harness, "x")
    assert response.status_code == 504
    assert response.get_json()["error"]["code"] == "job_expired"


def test_a_result_whose_publication_was_missed_is_looked_up() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))
    failure = encode_failure(Failure("failed", "Seen late."))

    def end_silently(job: ChatJob) -> None:
        harness.jobs.records[job.id] = JobRecord("failed", failure)

    harness.publisher.on_publish = end_silently
    assert embed(harness, "x").get_json()["error"]["message"] == "Seen late."
