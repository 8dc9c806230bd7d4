"""The routes of handovers, over fakes."""

from dataclasses import replace

import msgspec
import pytest
from werkzeug.test import TestResponse

from shared.handovers import Attempt, Handover, HandoverSummary
from tests.support.gateway_harness import GatewayHarness
from tests.support.metric_samples import samples

SUMMARY = HandoverSummary(("Hi", "A person!"), (Attempt("a-1", "Where is it?"),), ("negative",))
OPEN = Handover("h-1", "c-1", "user-1", 1.0, "wish", SUMMARY)
SHOWN = msgspec.json.decode(msgspec.json.encode(OPEN))


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.handovers.records["h-1"] = OPEN
    return harness


def post(harness: GatewayHarness, action: str, **members: str | None) -> TestResponse:
    return harness.client.post(f"/handovers/h-1/{action}", json=members)


def test_open_ones_are_listed_with_their_summary(harness: GatewayHarness) -> None:
    harness.handovers.records["h-2"] = replace(OPEN, id="h-2", state="closed")

    response = harness.client.get("/handovers")

    assert response.get_json() == {"handovers": [SHOWN], "next": None}
    assert response.headers["Cache-Control"] == "no-store"
    assert len(harness.client.get("/handovers?state=all").get_json()["handovers"]) == 2


def test_pages_follow_each_other(harness: GatewayHarness) -> None:
    harness.handovers.records["h-2"] = replace(OPEN, id="h-2")

    first = harness.client.get("/handovers?limit=1").get_json()
    second = harness.client.get(f"/handovers?limit=1&cursor={first['next']}").get_json()

    assert [page["handovers"][0]["id"] for page in (first, second)] == ["h-1", "h-2"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("page=2", "page"),
    ],
)
def test_a_faulty_query_is_named(harness: GatewayHarness, query: str, field: str) -> None:
    response = harness.client.get(f"/handovers?{query}")

    assert response.status_code == 400
    assert response.get_json()["field"] == field


def test_one_is_shown(harness: GatewayHarness) -> None:
    assert harness.client.get("/handovers/h-1").get_json() == SHOWN


@pytest.mark.parametrize("handover_id", ["unknown", "a%20b", "%00", "x" * 200])
@pytest.mark.parametrize("action", ["", "/claim", "/reply", "/close"])
def test_an_unknown_one_answers_404(harness: GatewayHarness, handover_id: str, action: str) -> None:
    body = {"/claim": {"by": "anna"}, "/reply": {"text": "Hello"}, "/close": {}}
    path = f"/handovers/{handover_id}{action}"
    client = harness.client
    response = client.post(path, json=body[action]) if action else client.get(path)

    assert response.status_code == 404
    assert response.get_json()["type"] == "urn:parley:problem:unknown-handover"


def test_a_second_claimer_learns_who_has_it(harness: GatewayHarness) -> None:
    first, second = post(harness, "claim", by="anna"), post(harness, "claim", by="ben")

    assert first.get_json()["claimed_by"] == "anna"
    assert second.status_code == 409
    problem = second.get_json()
    assert problem["type"] == "urn:parley:problem:handover-conflict"
    assert (problem["state"], problem["claimed_by"]) == ("claimed", "anna")
    assert "anna" in problem["detail"]


def test_a_reply_is_a_turn_of_the_conversation(harness: GatewayHarness) -> None:
    post(harness, "claim", by="anna")

    reply = post(harness, "reply", text="Hello, Anna here.")

    turns = harness.client.get("/conversations/c-1").get_json()["turns"]
    assert turns == [reply.get_json()]
    assert turns[0]["by"] == "anna"
    assert post(harness, "reply", text="Hi", by="ben").status_code == 409


def test_closing_keeps_the_note(harness: GatewayHarness) -> None:
    post(harness, "claim", by="anna")

    closed = post(harness, "close", note="Found.").get_json()

    assert (closed["state"], closed["note"]) == ("closed", "Found.")
    assert post(harness, "close").status_code == 200


@pytest.mark.parametrize(
    ("action", "members", "field"),
    [
        ("claim", {}, "by"),
        ("claim", {"by": ""}, "by"),
        ("claim", {"by": " \u200b"}, "by"),
        ("claim", {"by": "x" * 129}, "by"),
        ("claim", {"by": None}, "by"),
        ("claim", {"by": "anna", "note": "x"}, "note"),
        ("reply", {"by": "anna"}, "text"),
        ("reply", {"text": " "}, "text"),
        ("reply", {"text": "x" * 4_001}, "text"),
        ("reply", {"text": "x", "by": ""}, "by"),
        ("close", {"note": " "}, "note"),
    ],
)
def test_a_faulty_body_is_named(
    harness: GatewayHarness, action: str, members: dict[str, str | None], field: str
) -> None:
    response = post(harness, action, **members)

    assert response.status_code == 400
    assert response.get_json()["field"] == field
    assert harness.handovers.records["h-1"] == OPEN


@pytest.mark.parametrize("action", ["claim", "reply", "close"])
def test_no_form_of_another_page_changes_anything(harness: GatewayHarness, action: str) -> None:
    body = '{"by":"anna","text":"x"}'
    response = harness.client.post(f"/handovers/h-1/{action}", data=body, content_type="text/plain")

    assert response.status_code == 415


def test_metrics_show_what_waits_for_persons_and_for_the_webhook(harness: GatewayHarness) -> None:
    harness.handovers.events = (3, 2.0)
    harness.metrics.count_delivery("ok")

    shown = samples(harness)

    def value(name: str, **labels: str) -> float:
        return shown[name, frozenset(labels.items())]

    assert value("parley_handovers", state="open") == 1
    assert value("parley_handovers", state="claimed") == 0
    assert value("parley_handover_oldest_seconds", state="open") > 1_000_000_000
    assert value("parley_handover_oldest_seconds", state="claimed") == 0
    assert value("parley_webhook_waiting") == 3
    assert value("parley_webhook_oldest_seconds") > 1_000_000_000
    assert value("parley_webhook_deliveries_total", outcome="ok") == 1
