"""Tenants on the real server: whoever knows another tenant's ids gets nothing by them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.queue.drafts import RedisDrafts
from gateway.settings import GatewaySettings
from gateway.wsgi import connect_dependencies
from infra.traffic.reading import read_comments, read_days, tenants_to_read
from shared import keys, tenants
from shared.clock import SystemClock
from shared.drafts import Draft
from shared.errors import CommandMisused
from shared.gap_groups import GapGroup, GapGroups
from shared.handovers import Handover, HandoverSummary, encode_opening
from shared.jobs import ChatJob
from shared.partitions import one_partition
from shared.results import Failure, encode_failure, encode_notification
from shared.settings import load
from shared.task_message import decode
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, claim, done
from tests.contract.conversation_stand import FACTS
from tests.support.callers import client_of, let_callers_name_tenants
from tests.support.processes import wait_until
from tests.support.stock_message import stock_message
from workers.gap_store import RedisGapStore, read_gaps
from workers.gaps import Gap
from workers.memory.memory import MemoryRecord, encode_record
from workers.memory.redis_memory import RedisMemory

BODY = {"message": "Where is it?", "conversation_id": "talk", "user_id": "anna"}
ASYNC = {"Prefer": "respond-async", "Idempotency-Key": "order-1"}
# Routes that show or change nothing of a tenant, or are looked at by a test of their own.
OPEN_TO_ALL = {
    "chat_page",
    "chat_widget",
    "desk_page",
    "dashboard_page",
    "dashboard_data",  # the default tenant's keys alone
    "docs_page",
    "openapi_document",
    "healthz",
    "readyz",
    "metrics",
}
OPEN_TO_ALL |= {"list_gaps", "accept_draft"}  # they write what is the caller's own: see below
OPEN_TO_ALL |= {"v1_models", "v1_model", "v1_embeddings", "v1_chat_completions"}


@dataclass
class Office:
    """A gateway, and a worker that answers; each tenant has a client of its own."""

    broker: Broker
    app: Flask

    def ask(self, tenant: str) -> TestResponse:
        return client_of(self.app, tenant).post("/chat", json=BODY, headers=ASYNC)

    def answer(self) -> ChatJob:
        """Answer the job that is next, hand its conversation over, and note a gap."""
        worker = self.broker.inference("w")
        (lease,) = worker.lease(1)
        job = read_chat_job(lease.raw, NOW)
        assert claim(worker, lease, job) == "run"
        completion = done(lease, job)
        assert completion.result
        names = [tenants.local(each) for each in (job.id, job.conversation_id, job.user_id or "")]
        opening = Handover(names[0], names[1], names[2], NOW, "wish", HandoverSummary())
        record = MemoryRecord(job.conversation_id, job.id, job.message, NOW, "test", b"\x7f")
        result = replace(
            completion.result,
            facts=FACTS,
            memory=encode_record(record),
            handover=encode_opening(opening, webhook=True),
            gap=b'{"text":"Where?","reason":"fallback","entry":null}',
        )
        assert worker.complete([replace(completion, result=result)]) == ["applied"]
        return job


@pytest.fixture
def office(broker: Broker) -> Iterator[Office]:
    broker.clock.advance(SystemClock().now() - broker.clock.now())  # a scrape is of today
    settings = load(GatewaySettings, wait_seconds=5)
    dependencies = connect_dependencies(one_partition(broker.client), settings)
    app = create_app(dependencies, settings)
    let_callers_name_tenants(app)
    yield Office(broker, app)
    dependencies.feed.stop()  # type: ignore[attr-defined]


def everything(office: Office) -> dict[bytes, bytes]:
    """Return all that Redis holds."""
    names: list[bytes] = office.broker.client.keys("*")  # type: ignore[assignment]
    return {name: office.broker.client.dump(name.decode()) for name in names}  # type: ignore[misc]


def edit(office: Office, tenant: str) -> None:
    """Let a tenant have a draft, and a gap that is grouped."""
    draft = Draft("draft", "entry", "secret", NOW, "Where is it?", "Where is it?", gaps=("x",))
    RedisDrafts(office.broker.client).add(tenant, draft)
    group = GapGroup("gap", "Where is it?", (), 1, {}, None, "", 0.0, gaps=("y",))
    groups = GapGroups(NOW, "", 1, (group,))
    RedisGapStore(office.broker.client).put(tenant, groups)


Call = Callable[[Office, str, str], TestResponse]


def _get(path: str) -> Call:
    return lambda office, tenant, job: client_of(office.app, tenant).get(path.format(job=job))


def _delete(path: str) -> Call:
    return lambda office, tenant, job: client_of(office.app, tenant).delete(path.format(job=job))


def _post(path: str, body: dict[str, str | int]) -> Call:
    def post(office: Office, tenant: str, job: str) -> TestResponse:
        members = {
            name: value.replace("{job}", job) if isinstance(value, str) else value
            for name, value in body.items()
        }
        return client_of(office.app, tenant).post(path.format(job=job), json=members)

    return post


def _put(path: str, body: dict[str, object]) -> Call:
    return lambda office, tenant, job: client_of(office.app, tenant).put(path, json=body)


DRAFT: dict[str, object] = {"kind": "phrasings", "entry": "pay", "phrasings": ["Cash?"]}
PREVIOUS = {"previous_response_id": "resp_{job}"}
# By endpoint: the call with the ids of another tenant, and the status that it gets.
CALLS: dict[str, tuple[Call, int]] = {
    "job": (_get("/jobs/{job}"), 404),
    "cancel_job": (_delete("/jobs/{job}"), 404),
    "job_events": (_get("/jobs/{job}/events"), 404),
    "v1_responses": (
        _post("/v1/responses", {"model": "parley", "input": "And?", **PREVIOUS}),
        400,
    ),
    "conversation": (_get("/conversations/talk"), 200),
    "erase_conversation": (_delete("/conversations/talk"), 204),
    "erase_user": (_delete("/users/anna"), 204),
    "list_handovers": (_get("/handovers?state=all"), 200),
    "handover": (_get("/handovers/{job}"), 404),
    "claim_handover": (_post("/handovers/{job}/claim", {"by": "Ben"}), 404),
    "reply_handover": (_post("/handovers/{job}/reply", {"text": "Hi"}), 404),
    "release_handover": (_post("/handovers/{job}/release", {}), 404),
    "close_handover": (_post("/handovers/{job}/close", {}), 404),
    "find_conversations": (_get("/conversations?about={job}"), 200),
    "conversation_story": (_get("/conversations/talk/story"), 200),
    "list_feedback": (_get("/feedback"), 200),
    "dismiss_gap": (_post("/gaps/gap/dismiss", {}), 404),
    "list_drafts": (_get("/drafts"), 200),
    "change_draft": (_put("/drafts/draft", DRAFT), 404),
    "remove_draft": (_delete("/drafts/draft"), 404),
    "rate": (_post("/feedback", {"job_id": "{job}", "score": 1}), 404),
}


@pytest.mark.parametrize(
    ("owner", "stranger"), [("acme", "beta"), ("acme", "default"), ("default", "acme")]
)
def test_a_stranger_who_knows_the_ids_sees_and_changes_nothing(
    office: Office, owner: str, stranger: str
) -> None:
    office.ask(owner)
    job = tenants.local(office.answer().id)
    client_of(office.app, owner).post("/feedback", json={"job_id": job, "score": 1})
    edit(office, owner)
    before = everything(office)
    for endpoint, (call, status) in CALLS.items():
        response = call(office, stranger, job)

        assert response.status_code == status, endpoint
        assert b"Where is it?" not in response.data
        assert status != 200 or job.encode() not in response.data, endpoint
        assert everything(office) == before, endpoint


def test_what_an_editor_accepts_is_in_their_own_tenant_alone(office: Office) -> None:
    edit(office, "acme")
    beta = client_of(office.app, "beta")
    assert b"Where is it?" not in beta.get("/gaps").data
    assert beta.post("/drafts", json={**DRAFT, "gap": "gap"}).status_code == 201
    drafts = RedisDrafts(office.broker.client)
    assert [known.draft.entry for known in drafts.all_of("acme")] == ["secret"]
    assert [known.draft.entry for known in drafts.all_of("beta")] == ["pay"]
    settled = office.broker.client.zrange(keys.settled_gaps("beta"), 0, -1)
    assert b"y" not in settled
    assert client_of(office.app, "acme").get("/gaps").get_json()["groups"][0]["id"] == "gap"


def test_a_job_on_its_way_is_nobody_elses(office: Office) -> None:
    job = office.ask("acme").get_json()["job_id"]
    stranger = client_of(office.app, "beta")

    assert stranger.get(f"/jobs/{job}").status_code == 404
    assert stranger.delete(f"/jobs/{job}").status_code == 404
    assert client_of(office.app, "acme").get(f"/jobs/{job}").get_json()["state"] == "queued"
    assert client_of(office.app, "acme").delete(f"/jobs/{job}").get_json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("chat/completions", {"messages": [{"role": "user", "content": "Where is it?"}]}),
        ("responses", {"input": "Where is it?"}),
        ("embeddings", {"input": "Where is it?"}),
    ],
)
def test_a_job_of_an_openai_client_is_its_tenants(
    office: Office, path: str, members: dict[str, object]
) -> None:
    client = client_of(office.app, "acme")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, f"/v1/{path}", json={"model": "parley", **members})
        flow = keys.flow(keys.INFERENCE, "acme")
        wait_until(lambda: office.broker.client.llen(flow) == 1, 10)
        (lease,) = office.broker.inference("w").lease(1)
        task = decode(lease.raw)
        failure = encode_failure(Failure("failed", "Not today."))
        notification = encode_notification(task.id, "failed", failure)
        office.broker.client.publish(keys.replies(task.headers["parley_gateway"]), notification)
        shown = answer.result(10).data

    assert tenants.tenant_of(task.id) == "acme"
    assert b"Not today." in shown
    assert b"u001f" not in shown


def test_an_event_stream_shows_the_own_conversation_alone(office: Office) -> None:
    office.ask("acme")
    office.answer()

    def first_news(tenant: str) -> bytes:
        response = client_of(office.app, tenant).get("/conversations/talk/events", buffered=False)
        news: bytes = next(iter(response.response))  # type: ignore[assignment]
        response.close()
        return news

    assert b"Where is it?" in first_news("acme")
    assert b"event:" not in first_news("beta")


def test_all_routes_are_looked_at(office: Office) -> None:
    looked_at = {*CALLS, *OPEN_TO_ALL, "chat", "conversation_events"}

    assert {rule.endpoint for rule in office.app.url_map.iter_rules()} == looked_at


def test_the_tenant_itself_sees_its_own_ids(office: Office) -> None:
    accepted = office.ask("acme").get_json()
    job = accepted["job_id"]
    office.answer()
    client = client_of(office.app, "acme")
    answers = [
        client.get(path)
        for path in (f"/jobs/{job}", "/conversations/talk", "/handovers", f"/handovers/{job}")
    ]
    answers += [
        client.post(f"/handovers/{job}/claim", json={"by": "Ben"}),
        client.post(f"/handovers/{job}/reply", json={"text": "I see to it."}),
        client.post("/feedback", json={"job_id": job, "score": 5, "comment": "fine"}),
    ]

    assert [each.status_code for each in answers] == [200] * 6 + [204]
    assert accepted["conversation_id"] == "talk"
    assert answers[0].get_json()["reply"]["conversation_id"] == "talk"
    assert {turn["job_id"] for turn in answers[1].get_json()["turns"]} == {job}
    assert answers[2].get_json()["handovers"][0]["user_id"] == "anna"
    shown = b"".join(each.data for each in answers)
    assert b"acme" not in shown
    assert b"u001f" not in shown


def test_an_idempotency_key_is_a_tenants_own(office: Office) -> None:
    jobs = [office.ask(tenant).get_json()["job_id"] for tenant in ("acme", "acme", "beta")]

    assert jobs[0] == jobs[1]
    assert jobs[2] != jobs[0]


def test_memory_is_a_tenants_own(office: Office) -> None:
    for tenant in ("acme", "beta"):
        office.ask(tenant)
        office.answer()
    memory = RedisMemory(office.broker.client)

    client_of(office.app, "acme").delete("/users/anna")

    owners = [keys.memory_owner(tenants.scope(each, "anna"), "") for each in ("acme", "beta")]
    assert [len(memory.records(owner)) for owner in owners] == [0, 1]
    assert client_of(office.app, "acme").get("/conversations/talk").get_json()["turns"] == []
    assert len(client_of(office.app, "beta").get("/conversations/talk").get_json()["turns"]) == 2
    client_of(office.app, "beta").delete("/users/anna")
    names: list[bytes] = office.broker.client.keys("parley:*")  # type: ignore[assignment]
    assert [name for name in names if b"talk" in name or b"anna" in name] == []


def test_reports_are_of_one_tenant_or_of_all(office: Office) -> None:
    for tenant in ("acme", "beta", "default"):
        job = office.ask(tenant).get_json()["job_id"]
        office.answer()
        comment = {"job_id": job, "score": 5, "comment": f"fine, says {tenant}"}
        client_of(office.app, tenant).post("/feedback", json=comment)
    client, now = office.broker.client, office.broker.clock.now()

    def replies(tenant: str | None) -> int:
        (day,) = read_days(client, now, 1, tenants_to_read(client, tenant))
        return sum(amount for field, amount in day.fields if "kind" in field)

    def comments(tenant: str | None) -> list[str]:
        found = read_comments(client, 9, tenants_to_read(client, tenant))
        return [each.comment.removeprefix("fine, says ") for each in found]

    assert [replies(each) for each in ("acme", "default", None, "nobody")] == [1, 1, 3, 0]
    assert comments("acme") == ["acme"]
    assert set(comments(None)) == {"acme", "beta", "default"}
    assert read_gaps(client, "beta") == [Gap("Where?", "fallback", None)]
    with pytest.raises(CommandMisused, match="names no tenant"):
        tenants_to_read(client, "No One")


def test_metrics_of_a_tenant_show_its_own_alone(office: Office) -> None:
    for tenant in ("acme", "beta"):
        office.ask(tenant)
        office.answer()

    own = client_of(office.app, "acme").get("/metrics").text
    all_of_them = client_of(office.app, "default").get("/metrics").text

    assert (
        'parley_replies_total{encoder="small",kind="answer",tenant="acme",variant="bert"} 1.0'
        in own
    )
    assert 'parley_handovers{state="open"} 1.0' in own
    assert "beta" not in own
    assert "parley_worker" not in own
    assert 'tenant="acme"' in all_of_them
    assert 'tenant="beta"' in all_of_them
    assert 'parley_handovers{state="open"} 2.0' in all_of_them


def test_webhook_events_name_the_tenant_and_its_own_ids(office: Office) -> None:
    job = office.ask("acme").get_json()["job_id"]
    office.answer()
    key = keys.outbox_events(tenants.scope("acme", "talk"))

    (entry,) = office.broker.client.lrange(key, 0, -1)

    assert b'"tenant":"acme"' in entry
    assert f'"id":"acme.{job}.1"'.encode() in entry
    assert f'"id":"{job}"'.encode() in entry
    assert b"u001f" not in entry


def test_a_celery_client_may_write_for_a_tenant(office: Office) -> None:
    argument = {**BODY, "tenant": "acme"}
    office.broker.push(keys.INFERENCE, stock_message(task_id="mine", args=[argument]))

    job = office.answer()

    assert (job.id, job.tenant) == ("mine", "acme")
    assert job.user_id == tenants.scope("acme", "anna")
    assert office.broker.result("mine")
    assert len(client_of(office.app, "acme").get("/conversations/talk").get_json()["turns"]) == 2
    for tenant in ("acme", "default"):  # its id is the Celery client's alone
        client = client_of(office.app, tenant)
        assert client.get("/jobs/mine").status_code == 404
        assert client.delete("/jobs/mine").status_code == 404
        assert client.post("/feedback", json={"job_id": "mine", "score": 1}).status_code == 404
