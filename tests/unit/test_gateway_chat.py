"""POST /chat as a client meets it."""

import pytest
from werkzeug.test import TestResponse

from gateway.queue.publisher import ExistingJob
from gateway.settings import GatewaySettings
from shared import results
from shared.errors import AdmissionRefused, ConversationBusy, KeyReused, QueueUnavailable
from shared.jobs import ChatJob, JobState
from shared.results import Failure, JobRecord
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness, reply_to


def problem(response: TestResponse, status: int, name: str) -> dict[str, object]:
    """Check that a response is a whole problem of this kind, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body: dict[str, object] = response.get_json()
    assert body["type"] == f"urn:parley:problem:{name}"
    assert body["status"] == status
    assert {"title", "detail", "instance"} <= set(body)
    assert "Traceback" not in response.text
    return body


def test_reply_is_passed_on_byte_for_byte() -> None:
    harness = GatewayHarness()
    harness.answer_at_once()

    response = harness.client.post("/chat", json={"message": "Hello", "conversation_id": "c:1"})

    [job] = harness.published
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.data == results.encode_reply(reply_to(job))
    assert (job.message, job.conversation_id, job.gateway) == ("Hello", "c:1", "g-1")
    assert job.expires_at == job.accepted_at + 30
    assert len(harness.pending) == 0


def test_message_without_conversation_begins_a_new_one() -> None:
    harness = GatewayHarness()
    harness.answer_at_once()

    first = harness.client.post("/chat", json={"message": "Hello"}).get_json()
    second = harness.client.post("/chat", json={"message": "Hello"}).get_json()

    assert first["conversation_id"] != second["conversation_id"]


def test_respond_async_answers_202_with_location() -> None:
    harness = GatewayHarness()

    response = harness.client.post(
        "/chat", json={"message": "Hello"}, headers={"Prefer": "respond-async"}
    )

    [job] = harness.published
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{job.id}"
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.get_json() == {
        "job_id": job.id,
        "conversation_id": job.conversation_id,
        "state": "queued",
    }


def test_wait_that_runs_out_answers_202() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))

    response = harness.client.post("/chat", json={"message": "Hello"}, headers={"Prefer": "wait=9"})

    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{harness.published[0].id}"
    assert response.headers["Preference-Applied"] == "wait=0.01"
    assert len(harness.pending) == 0


def test_reply_whose_publication_was_missed_is_looked_up_when_the_wait_runs_out() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))

    def store_silently(job: ChatJob) -> None:
        harness.jobs.records[job.id] = JobRecord("done", results.encode_reply(reply_to(job)))

    harness.publisher.on_publish = store_silently

    response = harness.client.post("/chat", json={"message": "Hello"})

    assert response.status_code == 200
    assert response.get_json()["response"] == "You said 5 characters."


@pytest.mark.parametrize(
    ("state", "status", "name"),
    [
        ("failed", 500, "job-failed"),
        ("expired", 504, "job-expired"),
        ("cancelled", 409, "job-cancelled"),
    ],
)
def test_job_that_ends_without_reply_is_a_problem(state: JobState, status: int, name: str) -> None:
    harness = GatewayHarness()
    harness.fail_at_once(Failure(state, "The engine could not read it."))

    response = harness.client.post("/chat", json={"message": "Hello"})

    body = problem(response, status, name)
    assert body["detail"] == "The engine could not read it."
    assert body["instance"] == f"/jobs/{harness.published[0].id}"


def test_full_queue_answers_503_and_says_when_to_come_back() -> None:
    harness = GatewayHarness()
    harness.publisher.answer = AdmissionRefused("more messages are waiting than fit", 59.2)

    response = harness.client.post("/chat", json={"message": "x"})

    problem(response, 503, "queue-full")
    assert response.headers["Retry-After"] == "60"
    assert len(harness.pending) == 0


def test_conversation_with_too_many_waiting_answers_429() -> None:
    harness = GatewayHarness()
    harness.publisher.answer = ConversationBusy("32 messages are waiting", 1.0)

    response = harness.client.post("/chat", json={"message": "x", "conversation_id": "c"})

    problem(response, 429, "conversation-busy")
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("prefer", ["", "respond-async"])
def test_unreachable_queue_answers_503_without_naming_it(prefer: str) -> None:
    harness = GatewayHarness()
    harness.publisher.answer = QueueUnavailable("Redis: no answer from 10.0.0.7")

    response = harness.client.post("/chat", json={"message": "x"}, headers={"Prefer": prefer})

    body = problem(response, 503, "queue-unavailable")
    assert response.headers["Retry-After"] == "1"
    assert "10.0.0.7" not in str(body["detail"])


@pytest.mark.parametrize("prefer", ["", "respond-async"])
def test_key_of_an_earlier_job_answers_with_that_job_s_reply(prefer: str) -> None:
    harness = GatewayHarness()
    harness.publisher.answer = ExistingJob("first", "c")
    harness.jobs.records["first"] = JobRecord("done", b'{"response":"r"}')

    response = harness.client.post(
        "/chat", json={"message": "x"}, headers={"Prefer": prefer, "Idempotency-Key": "k"}
    )

    assert (response.status_code, response.data) == (200, b'{"response":"r"}')
    [request] = harness.publisher.requests
    assert request.key is not None
    assert request.key.key == "k"
    assert len(harness.pending) == 0


def test_key_of_a_job_that_has_not_ended_waits_for_it() -> None:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=0.01))
    harness.publisher.answer = ExistingJob("first", "c")
    harness.jobs.records["first"] = JobRecord("started")

    response = harness.client.post("/chat", json={"message": "x"}, headers={"Idempotency-Key": "k"})

    assert response.status_code == 202
    assert response.get_json() == {"job_id": "first", "conversation_id": "c", "state": "started"}
    assert len(harness.pending) == 0


def test_key_of_another_request_answers_422() -> None:
    harness = GatewayHarness()
    harness.publisher.answer = KeyReused("the idempotency key stands for another request")

    response = harness.client.post("/chat", json={"message": "x"}, headers={"Idempotency-Key": "k"})

    problem(response, 422, "idempotency-key-reused")


def test_fault_inside_shows_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    harness = GatewayHarness()

    def explode(_job: ChatJob) -> None:
        raise RuntimeError("secret detail")

    harness.publisher.on_publish = explode

    response = harness.client.post("/chat", json={"message": "private words"})

    problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert "secret detail" in caplog.text
    assert "private words" not in caplog.text


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"],
)
def test_other_content_types_answer_415(content_type: str | None) -> None:
    response = GatewayHarness().client.post(
        "/chat", data=b'{"message":"x"}', content_type=content_type
    )

    problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json; charset=utf-8", "application/vnd.x+json", "Application/JSON"),
        *("text/json", "text/x-json", "application/x-json", None),
    ],
)
def test_json_by_any_name_is_taken(content_type: str | None) -> None:
    harness = GatewayHarness()
    harness.answer_at_once()

    response = harness.client.post("/chat", data=b'{"message":"x"}', content_type=content_type)

    assert response.status_code == 200


def test_body_over_64_kib_answers_413() -> None:
    response = GatewayHarness().client.post("/chat", json={"message": "x" * 70_000})

    told = problem(response, 413, "body-too-large")
    assert told["detail"] == "The body has more than 65536 bytes."


def test_wrong_method_answers_405_with_allow() -> None:
    response = GatewayHarness().client.get("/chat")

    problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]


def test_unknown_address_answers_404() -> None:
    problem(GatewayHarness().client.get("/nothing/here"), 404, "not-found")
