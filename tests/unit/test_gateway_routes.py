"""The other routes: jobs, conversations, operations and the page."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from urllib.parse import quote

import msgspec
import pytest

from shared import results
from shared.jobs import ChatJob, JobState, Turn
from shared.results import Failure, JobRecord
from shared.worker_status import KnowledgeStatus
from tests.support.gateway_harness import GatewayHarness, reply_to, worker_status
from tests.support.metric_samples import samples

JOB = ChatJob("job-1", "Hello", "c-1", 1.0)


def test_finished_job_shows_its_reply() -> None:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord("done", results.encode_reply(reply_to(JOB)))

    response = harness.client.get("/jobs/job-1")

    assert response.status_code == 200
    assert response.get_json() == {
        "job_id": "job-1",
        "state": "done",
        "reply": json.loads(results.encode_reply(reply_to(JOB))),
    }


@pytest.mark.parametrize("state", ["queued", "started"])
def test_job_on_the_way_shows_its_state(state: JobState) -> None:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord(state)

    assert harness.client.get("/jobs/job-1").get_json() == {"job_id": "job-1", "state": state}


def test_failed_job_shows_the_same_problem_as_a_waiting_client_gets() -> None:
    harness = GatewayHarness()
    body = results.encode_failure(Failure("failed", "It broke the engine."))
    harness.jobs.records["job-1"] = JobRecord("failed", body)

    response = harness.client.get("/jobs/job-1")

    assert response.status_code == 200
    assert response.get_json()["error"] == {
        "type": "urn:parley:problem:job-failed",
        "title": "The message could not be answered",
        "status": 500,
        "detail": "It broke the engine.",
    }


@pytest.mark.parametrize("body", [None, b"null", b'["terminated"]', b'{"exc_message":[]}'])
def test_failure_that_celery_wrote_itself_still_has_a_sentence(body: bytes | None) -> None:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord("cancelled", body)

    assert harness.client.get("/jobs/job-1").get_json()["error"]["detail"]


@pytest.mark.parametrize("state", ["queued", "started"])
def test_job_on_its_way_is_cancelled_however_often_it_is_asked(state: JobState) -> None:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord(state)

    for _ in range(2):
        response = harness.client.delete("/jobs/job-1")
        assert response.status_code == 200
        assert response.get_json()["state"] == "cancelled"
        assert response.get_json()["error"]["type"] == "urn:parley:problem:job-cancelled"


@pytest.mark.parametrize("state", ["done", "failed", "expired"])
def test_job_that_has_ended_is_not_cancelled(state: JobState) -> None:
    harness = GatewayHarness()
    harness.jobs.records["job-1"] = JobRecord(state, b"{}")

    response = harness.client.delete("/jobs/job-1")

    assert response.status_code == 409
    assert response.get_json()["type"] == "urn:parley:problem:job-ended"
    assert harness.jobs.records["job-1"].state == state


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("job_id", ["unknown", "a%20b", "x" * 200, "%00", "%ff"])
def test_unknown_job_answers_404(job_id: str, method: str) -> None:
    response = getattr(GatewayHarness().client, method)(f"/jobs/{job_id}")

    assert response.status_code == 404
    assert response.get_json()["type"] == "urn:parley:problem:unknown-job"


def test_conversation_shows_its_turns_in_order_and_forgets_them() -> None:
    harness = GatewayHarness()
    turns = [Turn("user", "Hi", "job-1", 1.0), Turn("assistant", "Hello!", "job-1", 1.0)]
    harness.conversations.stored["c-1"] = [msgspec.json.encode(turn) for turn in turns]

    shown = harness.client.get("/conversations/c-1").get_json()
    erased = harness.client.delete("/conversations/c-1")

    assert shown == {"conversation_id": "c-1", "turns": msgspec.to_builtins(turns)}
    assert (erased.status_code, erased.data) == (204, b"")
    assert harness.client.get("/conversations/c-1").get_json()["turns"] == []


@pytest.mark.parametrize("method", ["get", "delete"])
def test_impossible_conversation_answers_404(method: str) -> None:
    response = getattr(GatewayHarness().client, method)("/conversations/a%0Ab")

    assert response.status_code == 404


def test_healthz_needs_nothing_else() -> None:
    harness = GatewayHarness()
    harness.health.available = False

    assert harness.client.get("/healthz").status_code == 200


def test_readyz_when_all_is_well() -> None:
    response = GatewayHarness().client.get("/readyz")

    assert response.status_code == 200
    assert response.get_json() == {
        "status": "ready",
        "redis": {"ok": True},
        "inference": {"ok": True},
        "sentiment": {"ok": True},
    }


def test_readyz_names_the_queue_without_a_worker() -> None:
    harness = GatewayHarness()
    harness.health.live = [worker_status("inference")]

    response = harness.client.get("/readyz")

    assert response.status_code == 503
    assert response.get_json()["inference"] == {"ok": True}
    assert response.get_json()["sentiment"] == {
        "ok": False,
        "reason": "no sentiment worker has reported in the last seconds",
    }


def test_readyz_warns_of_a_cascade_without_a_large_worker() -> None:
    harness = GatewayHarness()
    harness.health.live = [worker_status("inference", cascade=1), worker_status("sentiment")]

    alone = harness.client.get("/readyz")
    harness.health.live.append(worker_status("inference-large"))
    served = harness.client.get("/readyz")

    assert (alone.status_code, served.status_code) == (200, 200)
    assert alone.get_json()["inference-large"] == {
        "ok": True,
        "reason": "no inference-large worker has reported in the last seconds: "
        "the small encoder answers alone",
    }
    assert served.get_json()["inference-large"] == {"ok": True}


def test_readyz_warns_of_a_voice_without_a_generation_worker() -> None:
    harness = GatewayHarness()
    harness.health.live = [worker_status("inference", voice=1), worker_status("sentiment")]

    alone = harness.client.get("/readyz")
    harness.health.live.append(worker_status("generation"))
    served = harness.client.get("/readyz")

    assert (alone.status_code, served.status_code) == (200, 200)
    assert alone.get_json()["generation"] == {
        "ok": True,
        "reason": "no generation worker has reported in the last seconds: "
        "the entries' own words go out",
    }
    assert served.get_json()["generation"] == {"ok": True}
    assert "inference-large" not in served.get_json()


def test_readyz_without_redis() -> None:
    harness = GatewayHarness()
    harness.health.available = False

    response = harness.client.get("/readyz")

    assert response.status_code == 503
    assert not any(response.get_json()[part]["ok"] for part in ("redis", "inference", "sentiment"))


def test_readyz_waits_for_the_reply_subscription() -> None:
    harness = GatewayHarness()
    harness.feed.live = False

    response = harness.client.get("/readyz")

    assert response.status_code == 503
    assert "subscription" in response.get_json()["redis"]["reason"]


def test_metrics_show_answers_queues_and_workers() -> None:
    harness = GatewayHarness()
    harness.answer_at_once()
    harness.health.waiting["inference"] = 12
    harness.health.live = [worker_status("inference", batches=5, cascade=1)]
    harness.health.foreign = {"shop_inference\x06\x165": 3}
    harness.client.post("/chat", json={"message": "x"})
    harness.client.post("/chat", json={})

    shown = samples(harness)

    def value(name: str, **labels: str) -> float:
        return shown[name, frozenset(labels.items())]

    worker = {"worker": "inference-1", "queue": "inference"}
    assert value("parley_http_request_duration_seconds_count", route="chat", status="200") == 1
    assert value("parley_http_request_duration_seconds_count", route="chat", status="400") == 1
    assert value("parley_gateway_chat_seconds_count") == 1
    assert value("parley_redis_up") == 1
    assert value("parley_queue_messages", queue="inference") == 12
    assert value("parley_foreign_messages", list=r"shop_inference\x06\x165") == 3
    assert value("parley_worker_batches_total", **worker) == 5
    assert value("parley_worker_cascade", **worker) == 1
    assert value("parley_worker_up", engine="simulated", **worker) == 1


def test_metrics_name_the_revision_that_each_worker_answers_from() -> None:
    harness = GatewayHarness()
    bases = (
        KnowledgeStatus(None, "a1b2", 180, 1.0),
        KnowledgeStatus("acme", "c3d4", 7, 1.0, "faq.yaml:1: the entry has no answer", 2.0),
    )
    harness.health.live = [replace(worker_status("inference"), knowledge=bases)]

    shown = samples(harness)

    worker = {"worker": "inference-1", "queue": "inference"}
    for tenant, revision, entries, stale in (("", "a1b2", 180, 0), ("acme", "c3d4", 7, 1)):
        labels = {**worker, "tenant": tenant}
        revised = frozenset({**labels, "revision": revision}.items())
        assert shown["parley_worker_knowledge_entries", revised] == entries
        assert shown["parley_worker_knowledge_stale", frozenset(labels.items())] == stale


def test_metrics_without_redis_say_so() -> None:
    harness = GatewayHarness()
    harness.health.available = False

    assert samples(harness)["parley_redis_up", frozenset()] == 0


def test_page_runs_only_its_own_script_and_style() -> None:
    response = GatewayHarness().client.get("/")
    policy = response.headers["Content-Security-Policy"]

    def digest(tag: str) -> str:
        found = re.search(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        assert found is not None
        return base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()

    assert response.status_code == 200
    assert f"script-src 'sha256-{digest('script')}'" in policy
    assert f"style-src 'sha256-{digest('style')}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_page_loads_nothing_from_elsewhere_and_writes_no_raw_markup() -> None:
    page = GatewayHarness().client.get("/").text

    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page)


def test_page_is_not_sent_again_unchanged() -> None:
    client = GatewayHarness().client
    tag = client.get("/").headers["ETag"]

    assert client.get("/", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "job_id", ["order/123 #4", "whatsapp:+49170", "Müller-1", "a//b", "a%2Fb", "?"]
)
def test_a_job_has_any_printable_id(job_id: str) -> None:
    harness = GatewayHarness()
    harness.jobs.records[job_id] = JobRecord("started")

    answer = harness.client.get(f"/jobs/{quote(job_id, safe='')}")

    assert answer.get_json() == {"job_id": job_id, "state": "started"}


def test_a_slash_that_is_not_escaped_parts_the_path() -> None:
    assert GatewayHarness().client.get("/jobs/order/123").status_code == 404


@pytest.mark.parametrize("conversation_id", [4711, "4711"])
def test_an_integer_is_the_id_of_its_digits(conversation_id: object) -> None:
    harness = GatewayHarness()
    body = {"message": "Hello", "conversation_id": conversation_id, "user_id": -1}
    answer = harness.client.post("/chat", json=body, headers={"Prefer": "respond-async"})
    assert answer.get_json()["conversation_id"] == "4711"
