"""The routes behind the desk, over fakes: stories, feedback, gaps, drafts, handovers given back."""

from typing import Any

import msgspec
import pytest

from gateway.queue.ratings import Rating
from gateway.queue.story import Death
from shared import results
from shared.drafts import Draft, DraftOutcome
from shared.feedback import Feedback
from shared.gap_groups import GapGroup
from shared.handovers import Handover, HandoverSummary
from shared.jobs import ChatJob, Turn
from shared.results import JobRecord
from shared.wordings import wording_digest
from tests.support.callers import client_of, let_callers_name_tenants
from tests.support.gateway_harness import GatewayHarness, reply_to

ENTRY = {"kind": "entry", "question": "Is there wifi?", "answer": "Yes."}
MORE = {"kind": "phrasings", "entry": "pay", "phrasings": ["Do you take cheques?"]}
GROUP = GapGroup(
    "g-1", "Is there wifi?", ("wifi?",), 3, {"fallback": 3}, "pay", "Pay?", 0.1, gaps=("x", "y")
)


@pytest.fixture
def harness() -> GatewayHarness:
    return GatewayHarness()


def talk(harness: GatewayHarness, conversation: str = "c-1") -> None:
    job = ChatJob("job-1", "Where?", conversation, 1.0)
    body = results.encode_reply(reply_to(job))
    harness.jobs.records["job-1"] = JobRecord("done", body)
    turns = [Turn("user", "Where?", "job-1", 1.0), Turn("assistant", "Here.", "job-1", 2.0)]
    turns += [Turn("user", "And?", "job-2", 3.0)]
    harness.conversations.stored[conversation] = [msgspec.json.encode(turn) for turn in turns]


def test_a_story_has_each_turn_with_what_is_known_of_its_job(harness: GatewayHarness) -> None:
    talk(harness)
    harness.stories.extra["job-1"] = {"feedback": Feedback(1, "No.", 4.0, "2026-01-01", "pay")}
    harness.stories.extra["job-2"] = {"dead_letter": Death("inference", "poison", 5.0)}
    handover = Handover("h-1", "c-1", "anna", 1.0, "wish", HandoverSummary())
    harness.handovers.records["h-1"] = handover
    response = harness.client.get("/conversations/c-1/story")
    story = response.get_json()
    assert response.headers["Cache-Control"] == "no-store"
    assert [turn["text"] for turn in story["turns"]] == ["Where?", "Here.", "And?"]
    first, second = story["jobs"]
    assert (first["state"], first["reply"]["answer"]["confidence"]) == ("done", 0.9)
    assert first["feedback"]["comment"] == "No."
    assert (second["state"], second["reply"]) == ("forgotten", None)
    assert second["dead_letter"] == {"queue": "inference", "reason": "poison", "at": 5.0}
    assert story["handover"]["id"] == "h-1"


def test_conversations_are_found_by_ids(harness: GatewayHarness) -> None:
    talk(harness)
    harness.stories.users["anna"] = ["c-1", "c-2"]
    found = harness.client.get("/conversations?about=anna").get_json()["conversations"]
    assert found == [{"conversation_id": name, "found_by": "user"} for name in ("c-1", "c-2")]
    assert harness.client.get("/conversations?about=zoe").get_json() == {"conversations": []}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/conversations", "about"),
        ("/conversations?about=", "about"),
        ("/conversations?about=%00", "about"),
        ("/conversations?about=a&b=c", "b"),
        ("/feedback?rating=good", "rating"),
        ("/feedback?limit=0", "limit"),
        ("/feedback?page=2", "page"),
        ("/gaps?x=1", "x"),
        ("/drafts?x=1", "x"),
        ("/handovers?since=yesterday", "since"),
    ],
)
def test_a_faulty_query_is_named(harness: GatewayHarness, path: str, field: str) -> None:
    response = harness.client.get(path)
    assert (response.status_code, response.get_json()["field"]) == (400, field)


def test_feedback_is_listed_and_bad_ones_alone(harness: GatewayHarness) -> None:
    harness.ratings.given["default"] = [
        Rating("j-1", "c-1", 5, None, 1.0, "pay", "answer", "Pay?", "Card."),
        Rating("j-2", "c-2", 1, "Wrong.", 2.0, None, None),
    ]
    listed = harness.client.get("/feedback").get_json()["feedback"]
    assert [each["job_id"] for each in listed] == ["j-2", "j-1"]
    [bad] = harness.client.get("/feedback?rating=bad&limit=5").get_json()["feedback"]
    assert (bad["score"], bad["comment"], bad["question"]) == (1, "Wrong.", None)


def test_a_gap_is_accepted_changed_and_taken_back(harness: GatewayHarness) -> None:
    harness.gaps.groups["default"] = [GROUP]
    client = harness.client
    assert client.get("/gaps").get_json()["groups"][0]["id"] == "g-1"

    response = client.post("/drafts", json={**ENTRY, "gap": "g-1", "by": "mira"})
    assert response.status_code == 201
    draft = response.get_json()["draft"]
    assert (draft["entry"], draft["by"]) == ("is-there-wifi", "mira")
    assert draft["gaps"] == ["x", "y", wording_digest("is there WIFI")]
    assert response.get_json()["outcome"] is None
    assert client.get("/gaps").get_json()["groups"] == []

    harness.drafts.outcomes[draft["id"]] = DraftOutcome("live", draft["at"])
    [known] = client.get("/drafts").get_json()["drafts"]
    assert known["outcome"]["state"] == "live"

    changed = client.put(f"/drafts/{draft['id']}", json={**ENTRY, "answer": "No."})
    assert (changed.status_code, changed.get_json()["draft"]["answer"]) == (200, "No.")
    assert changed.get_json()["draft"]["gaps"] == draft["gaps"]

    assert client.delete(f"/drafts/{draft['id']}").status_code == 204
    assert client.delete(f"/drafts/{draft['id']}").get_json()["type"].endswith("unknown-draft")
    assert client.put(f"/drafts/{draft['id']}", json=ENTRY).status_code == 404
    assert len(client.get("/gaps").get_json()["groups"]) == 1


def test_a_gap_that_is_none_for_the_base_is_left_out(harness: GatewayHarness) -> None:
    harness.gaps.groups["default"] = [GROUP]
    assert harness.client.post("/gaps/g-1/dismiss").status_code == 204
    assert harness.client.get("/gaps").get_json()["groups"] == []
    gone = harness.client.post("/gaps/g-9/dismiss")
    assert (gone.status_code, gone.get_json()["type"]) == (404, "urn:parley:problem:unknown-gap")


def test_questions_of_any_script_get_ids_of_their_own(harness: GatewayHarness) -> None:
    asked = ("Πού είναι;", "营业时间？", "???")
    sent = [
        harness.client.post("/drafts", json={**ENTRY, "question": question}) for question in asked
    ]
    assert len({each.get_json()["draft"]["entry"] for each in sent}) == 3


def test_equal_wordings_are_kept_once(harness: GatewayHarness) -> None:
    body = {**MORE, "phrasings": ["Cheques?", "cheques", " CHEQUES? ", "By\x00 cheque"]}
    draft = harness.client.post("/drafts", json=body).get_json()["draft"]
    assert draft["phrasings"] == ["Cheques?", "By cheque"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**ENTRY, "kind": "note"}, "kind"),
        ({"kind": "entry", "question": "What?"}, "answer"),
        ({"kind": "entry", "answer": "That."}, "question"),
        ({**ENTRY, "question": "  "}, "question"),
        ({**ENTRY, "question": "x" * 1001}, "question"),
        ({**ENTRY, "answer": "x" * 20001}, "answer"),
        ({**ENTRY, "entry": ""}, "entry"),
        ({**ENTRY, "by": "x" * 129}, "by"),
        ({**ENTRY, "phrasings": ["a"] * 51}, "phrasings"),
        ({**ENTRY, "phrasings": [""]}, "phrasings"),
        ({**ENTRY, "phrasings": [7]}, "phrasings"),
        ({**ENTRY, "phrasings": "a"}, "phrasings"),
        ({**ENTRY, "tags": []}, "tags"),
        ({"kind": "phrasings", "phrasings": ["a"]}, "entry"),
        ({"kind": "phrasings", "entry": "pay"}, "phrasings"),
        ({**MORE, "answer": "x"}, "answer"),
    ],
)
def test_a_faulty_draft_is_refused_by_name(
    harness: GatewayHarness, body: dict[str, Any], field: str
) -> None:
    response = harness.client.post("/drafts", json=body)
    assert (response.status_code, response.get_json()["field"]) == (400, field)
    assert harness.drafts.kept == {}


def test_too_many_drafts_are_refused_with_what_to_do(harness: GatewayHarness) -> None:
    harness.drafts.full = True
    response = harness.client.post("/drafts", json=MORE)
    assert response.status_code == 409
    assert "parley kb accepted --write" in response.get_json()["detail"]


def test_a_handover_is_given_back(harness: GatewayHarness) -> None:
    opened = Handover("h-1", "c-1", None, 7.0, "wish", HandoverSummary())
    harness.handovers.records["h-1"] = opened
    client = harness.client
    client.post("/handovers/h-1/claim", json={"by": "anna"})
    refused = client.post("/handovers/h-1/release", json={"by": "ben"})
    assert (refused.status_code, refused.get_json()["claimed_by"]) == (409, "anna")
    given = client.post("/handovers/h-1/release", json={"by": "anna"}).get_json()
    assert (given["state"], given["claimed_by"], given["opened_at"]) == ("open", None, 7.0)
    assert client.get("/handovers?since=7").get_json()["handovers"] == [given]
    assert client.get("/handovers?since=7.5").get_json()["handovers"] == []


def test_tenants_see_their_own_alone(harness: GatewayHarness) -> None:
    let_callers_name_tenants(harness.app)
    talk(harness, "acme\x1fc-1")
    harness.ratings.given["acme"] = [Rating("j", "c-1", 1, None, 1.0, None, None)]
    harness.gaps.groups["acme"] = [GROUP]
    harness.drafts.add("acme", Draft("d-1", "entry", "wifi", 1.0, "Wifi?", "Yes."))
    acme, other = client_of(harness.app, "acme"), client_of(harness.app, "default")
    for path, name in (
        ("/conversations/c-1/story", "turns"),
        ("/conversations?about=c-1", "conversations"),
        ("/feedback", "feedback"),
        ("/gaps", "groups"),
        ("/drafts", "drafts"),
    ):
        assert acme.get(path).get_json()[name], path
        assert not other.get(path).get_json()[name], path
    assert other.delete("/drafts/d-1").status_code == 404
    assert other.put("/drafts/d-1", json=ENTRY).status_code == 404
    assert other.post("/gaps/g-1/dismiss").status_code == 404
    assert acme.delete("/drafts/d-1").status_code == 204


def test_the_page_is_one_document_with_its_own_style_and_script_alone(
    harness: GatewayHarness,
) -> None:
    response = harness.client.get("/desk")
    text = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "script-src 'sha256-" in response.headers["Content-Security-Policy"]
    assert "src=" not in text.replace('src=x onerror="', "")
    assert len(text) < 100_000
