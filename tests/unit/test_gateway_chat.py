"""POST /chat as a client meets it."""

import pytest
from werkzeug.test import TestResponse

from gateway.settings import GatewaySettings
from shared import results
from shared.jobs import ChatJob, JobState
from shared.results import Failure, JobRecord
from shared.settings import load
from tests.unit.gateway_stand import LIMITS, Stand, reply_to


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
    stand = Stand()
    stand.answer_at_once()

    response = stand.client.post("/chat", json={"message": "Hello", "conversation_id": "c:1"})

    [job] = stand.published
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.data == results.encode_reply(reply_to(job))
    assert (job.message, job.conversation_id, job.gateway) == ("Hello", "c:1", "g-1")
    assert job.expires_at == job.accepted_at + 30
    assert len(stand.room) == 0


def test_message_without_conversation_begins_a_new_one() -> None:
    stand = Stand()
    stand.answer_at_once()

    first = stand.client.post("/chat", json={"message": "Hello"}).get_json()
    second = stand.client.post("/chat", json={"message": "Hello"}).get_json()

    assert first["conversation_id"] != second["conversation_id"]


def test_respond_async_answers_202_with_location() -> None:
    stand = Stand()

    response = stand.client.post(
        "/chat", json={"message": "Hello"}, headers={"Prefer": "respond-async"}
    )

    [job] = stand.published
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{job.id}"
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.get_json() == {
        "job_id": job.id,
        "conversation_id": job.conversation_id,
        "state": "queued",
    }


def test_wait_that_runs_out_answers_202() -> None:
    stand = Stand(settings=load(GatewaySettings, wait_seconds=0.01))

    response = stand.client.post("/chat", json={"message": "Hello"}, headers={"Prefer": "wait=9"})

    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{stand.published[0].id}"
    assert response.headers["Preference-Applied"] == "wait=0.01"
    assert len(stand.room) == 0


def test_reply_whose_announcement_was_missed_is_looked_up_when_the_wait_runs_out() -> None:
    stand = Stand(settings=load(GatewaySettings, wait_seconds=0.01))

    def store_silently(job: ChatJob) -> None:
        stand.jobs.records[job.id] = JobRecord("done", results.encode_reply(reply_to(job)))

    stand.publisher.on_publish = store_silently

    response = stand.client.post("/chat", json={"message": "Hello"})

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
    stand = Stand()
    stand.fail_at_once(Failure(state, "The engine could not read it."))

    response = stand.client.post("/chat", json={"message": "Hello"})

    body = problem(response, status, name)
    assert body["detail"] == "The engine could not read it."
    assert body["instance"] == f"/jobs/{stand.published[0].id}"


def test_full_queue_answers_503_and_says_when_to_come_back() -> None:
    stand = Stand()
    for _ in range(LIMITS.messages):
        stand.client.post("/chat", json={"message": "x"}, headers={"Prefer": "respond-async"})

    response = stand.client.post("/chat", json={"message": "x"})

    problem(response, 503, "queue-full")
    assert response.headers["Retry-After"] == "60"  # nothing drains
    assert len(stand.room) == 0


def test_conversation_with_too_many_waiting_is_told_so() -> None:
    stand = Stand()
    body = {"message": "x", "conversation_id": "c"}
    for _ in range(1 + LIMITS.messages_per_conversation):
        response = stand.client.post("/chat", json=body, headers={"Prefer": "respond-async"})
        assert response.status_code == 202

    response = stand.client.post("/chat", json=body)

    problem(response, 429, "conversation-busy")
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("prefer", ["", "respond-async"])
def test_unreachable_queue_answers_503_without_naming_it(prefer: str) -> None:
    stand = Stand()
    stand.publisher.available = False

    response = stand.client.post("/chat", json={"message": "x"}, headers={"Prefer": prefer})

    body = problem(response, 503, "queue-unavailable")
    assert response.headers["Retry-After"] == "1"
    assert "memory" not in str(body["detail"])


def test_fault_inside_shows_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    stand = Stand()

    def explode(_job: ChatJob) -> None:
        raise RuntimeError("secret detail")

    stand.publisher.on_publish = explode

    response = stand.client.post("/chat", json={"message": "private words"})

    problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert "secret detail" in caplog.text
    assert "private words" not in caplog.text


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types_answer_415(content_type: str | None) -> None:
    response = Stand().client.post("/chat", data=b'{"message":"x"}', content_type=content_type)

    problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.x+json"]
)
def test_json_by_any_name_is_taken(content_type: str) -> None:
    stand = Stand()
    stand.answer_at_once()

    response = stand.client.post("/chat", data=b'{"message":"x"}', content_type=content_type)

    assert response.status_code == 200


def test_body_over_64_kib_answers_413() -> None:
    response = Stand().client.post("/chat", json={"message": "x" * 70_000})

    problem(response, 413, "body-too-large")


def test_wrong_method_answers_405_with_allow() -> None:
    response = Stand().client.get("/chat")

    problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]


def test_unknown_address_answers_404() -> None:
    problem(Stand().client.get("/nothing/here"), 404, "not-found")
