"""POST /feedback and DELETE /users/{id}, over fakes."""

import pytest

from shared.results import JobRecord
from tests.support.gateway_harness import GatewayHarness


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord("done", b"{}")
    harness.jobs.records["job-2"] = JobRecord("queued")
    return harness


def test_a_reply_is_rated_and_rated_again(harness: GatewayHarness) -> None:
    first = harness.client.post("/feedback", json={"job_id": "job-1", "score": 1, "comment": "No"})
    again = harness.client.post("/feedback", json={"job_id": "job-1", "score": 5})

    assert (first.status_code, again.status_code) == (204, 204)
    assert harness.feedback.given == {"job-1": (5, None)}


def test_a_whole_number_may_have_a_point(harness: GatewayHarness) -> None:
    body = b'{"job_id": "job-1", "score": 4.0}'
    response = harness.client.post("/feedback", data=body, content_type="application/json")

    assert response.status_code == 204
    assert harness.feedback.given == {"job-1": (4, None)}


@pytest.mark.parametrize("job_id", ["unknown", "job-2"])
def test_what_has_no_reply_cannot_be_rated(harness: GatewayHarness, job_id: str) -> None:
    response = harness.client.post("/feedback", json={"job_id": job_id, "score": 3})

    assert response.status_code == 404
    assert response.get_json()["type"] == "urn:parley:problem:unknown-job"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"score": 3}, "job_id"),
        ({"job_id": "job-1"}, "score"),
        ({"job_id": 1, "score": 3}, "job_id"),
        ({"job_id": "a\nb", "score": 3}, "job_id"),
        ({"job_id": "job-1", "score": 0}, "score"),
        ({"job_id": "job-1", "score": 6}, "score"),
        ({"job_id": "job-1", "score": 10**30}, "score"),
        ({"job_id": "job-1", "score": 3.5}, "score"),
        ({"job_id": "job-1", "score": 1e300}, "score"),
        ({"job_id": "job-1", "score": "3"}, "score"),
        ({"job_id": "job-1", "score": True}, "score"),
        ({"job_id": "job-1", "score": None}, "score"),
        ({"job_id": "job-1", "score": 3, "comment": ""}, "comment"),
        ({"job_id": "job-1", "score": 3, "comment": "x" * 2_001}, "comment"),
        ({"job_id": "job-1", "score": 3, "comment": 5}, "comment"),
        ({"job_id": "job-1", "score": 3, "stars": 5}, "stars"),
    ],
)
def test_a_faulty_request_names_its_field(
    harness: GatewayHarness, members: dict[str, object], field: str
) -> None:
    response = harness.client.post("/feedback", json=members)

    assert response.status_code == 400
    assert response.get_json()["field"] == field
    assert harness.feedback.given == {}


def test_a_form_is_refused(harness: GatewayHarness) -> None:
    assert harness.client.post("/feedback", data={"score": 1}).status_code == 415


def test_a_user_is_erased_and_may_be_erased_again(harness: GatewayHarness) -> None:
    responses = [harness.client.delete("/users/anna") for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert harness.users.erased == ["anna", "anna"]


def test_no_user_can_have_such_an_id(harness: GatewayHarness) -> None:
    assert harness.client.delete("/users/a%0Ab").status_code == 404
    assert harness.users.erased == []
