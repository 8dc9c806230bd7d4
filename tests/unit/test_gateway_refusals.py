"""Refusals of a full queue: given early, repeated without the app, and the same in every byte."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.admission_gate import MAX_CLOSED_SECONDS, QUIET_SECONDS
from gateway.refusal_replay import KEPT_SECONDS, MAX_FORMS
from gateway.settings import GatewaySettings
from gateway.turns import Turns
from shared.api_keys import ApiKey, digest_of
from shared.errors import AdmissionRefused
from shared.settings import load
from tests.fakes.tracing import MemoryTraces
from tests.support.gateway_harness import GatewayHarness
from tests.support.played_connection import PlayedWorker

FULL = AdmissionRefused("more messages are waiting than can be answered in time", 42.0)
BODY = b'{"message": "Where is my parcel?"}'
NO_JSON = b"{"
V1 = b'{"model": "parley", "messages": [{"role": "user", "content": "Hi"}]}'


class BusyTurns(Turns):
    """Turns of a process that has too much to do."""

    @property
    def is_behind(self) -> bool:
        return True


def made(**settings: Any) -> GatewayHarness:
    harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=5, **settings))
    harness.publisher.answer = FULL
    return harness


@pytest.fixture
def harness() -> GatewayHarness:
    return made()


@pytest.fixture
def worker(harness: GatewayHarness) -> PlayedWorker:
    return PlayedWorker(harness.app)


def request(body: bytes = BODY, path: str = "/chat", version: str = "1.1", **headers: str) -> bytes:
    sent = {"Host": "localhost", "Content-Type": "application/json", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in sent.items())
    head = f"POST {path} HTTP/{version}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def without_date(answer: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]*", b"", answer)


def counted(harness: GatewayHarness, route: str) -> tuple[float | None, float | None]:
    """Return how many refusals of a route, and of all, the metrics show."""
    value, labels = harness.metrics.registry.get_sample_value, {"route": route, "status": "503"}
    return (
        value("parley_http_request_duration_seconds_count", labels),
        value("parley_http_problems_total", {"problem": "queue-full"}),
    )


def test_after_a_refusal_no_body_is_read_and_the_queue_is_not_asked(
    harness: GatewayHarness,
) -> None:
    first = harness.client.post("/chat", json={"message": "Hi"})
    second = harness.client.post("/chat", data=NO_JSON, content_type="application/json")
    assert (first.status_code, second.status_code) == (503, 503)
    assert first.data == second.data
    assert [*first.headers] == [*second.headers]
    assert len(harness.publisher.requests) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}),
        ("/v1/responses", {"input": "Hi"}),
        ("/v1/embeddings", {"input": "Hi"}),
    ],
)
def test_openai_clients_are_refused_early_in_their_own_form(
    harness: GatewayHarness, path: str, body: dict[str, object]
) -> None:
    late = harness.client.post(path, json={"model": "parley", **body})
    harness.publisher.requests.clear()
    early = harness.client.post(path, json={"model": "parley", **body})
    assert early.status_code == late.status_code == 503
    assert early.get_json()["error"]["code"] == "queue_full"
    assert early.data == late.data
    assert early.headers["Retry-After"] == late.headers["Retry-After"] == "42"
    assert not harness.publisher.requests


def test_other_routes_are_served_while_messages_are_refused(harness: GatewayHarness) -> None:
    harness.client.post("/chat", json={"message": "Hi"})
    assert harness.client.get("/healthz").status_code == 200
    assert harness.client.get("/jobs/unknown").status_code == 404
    assert harness.client.options("/chat").status_code == 200
    assert harness.client.get("/handovers").status_code == 200


@given(st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True), st.sampled_from(["/chat", "/chat?x"]))
def test_an_idempotency_key_is_always_asked_about(key: str, path: str) -> None:
    harness = made()
    worker = PlayedWorker(harness.app)
    worker.serve(request(path=path) * 3)
    assert len(harness.publisher.requests) == 1
    worker.serve(request(path=path, Idempotency_Key=key))
    assert harness.publisher.requests[1].key is not None


def test_the_gate_opens_when_the_queue_takes_messages_again(harness: GatewayHarness) -> None:
    harness.client.post("/chat", json={"message": "Hi"})
    harness.publisher.answer = None
    harness.answer_at_once()
    assert harness.client.post("/chat", json={"message": "Hi"}).status_code == 503
    harness.clock.advance(QUIET_SECONDS)
    assert harness.client.post("/chat", json={"message": "Hi"}).status_code == 200


def test_another_tenants_messages_are_not_refused() -> None:
    harness = made()
    for tenant in ("acme", "beta"):
        harness.keys.create(digest_of(tenant), ApiKey(tenant, tenant, scopes=frozenset(("chat",))))
    for key in ("acme", "acme", "beta", "acme"):
        headers = {"Authorization": f"Bearer {key}"}
        harness.client.post("/chat", json={"message": "Hi"}, headers=headers)
    assert [item.job.tenant for item in harness.publisher.requests] == ["acme", "beta"]


def test_a_request_without_a_good_key_is_told_so_first(harness: GatewayHarness) -> None:
    harness.keys.create(digest_of("key"), ApiKey("key", scopes=frozenset(("chat",))))
    harness.admission.hear("default", FULL)
    assert harness.client.post("/chat", json={"message": "Hi"}).status_code == 401


def test_limits_are_charged_and_told_as_before() -> None:
    harness = made(rate_limit="10/s")
    worker = PlayedWorker(harness.app)
    late, early, third = worker.serve(request() * 3)
    assert without_date(early).startswith(b"HTTP/1.1 503")
    assert b"RateLimit: " in late
    assert b"RateLimit: " in third
    assert worker.asked_app == 3  # each is charged, so none is repeated
    assert [*harness.limiter.taken.values()] == [3]


@pytest.mark.parametrize(
    ("path", "route", "body"),
    [
        ("/chat", "chat", BODY),
        ("/v1/chat/completions", "v1_chat_completions", V1),
        ("/chat?a=b", "chat", BODY),
    ],
)
def test_a_refusal_is_repeated_in_every_byte_and_counted(
    path: str, route: str, body: bytes
) -> None:
    harness = made()
    worker = PlayedWorker(harness.app)
    answers = worker.serve(request(body, path) * 2 + request(b"x", path, User_Agent="other"))
    assert worker.asked_app == 1
    assert len(answers) == 3
    assert {*answers} == {answers[0]}
    assert b"Retry-After: 42\r\n" in answers[0]
    assert b"Content-Security-Policy" in answers[0]
    assert counted(harness, route) == (3, 3)


def test_clients_that_name_each_request_are_refused_without_the_app(
    harness: GatewayHarness, worker: PlayedWorker
) -> None:
    named = (request(X_Request_Id=f"{n}", traceparent=f"00-{n}-1-01") for n in range(20))
    answers = worker.serve(b"".join(named))
    assert worker.asked_app == 1
    assert len(answers) == 20
    assert {*answers} == {answers[0]}
    assert counted(harness, "chat") == (20, 20)


def test_what_follows_a_refusal_is_read_as_the_next_request(worker: PlayedWorker) -> None:
    health = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = worker.serve(request() * 2 + health + request(b"another body") + health)
    assert [answer[9:12] for answer in answers] == [b"503", b"503", b"200", b"503", b"200"]
    assert worker.asked_app == 3


def test_a_stopping_worker_repeats_no_refusal(worker: PlayedWorker) -> None:
    worker.serve(request() * 2)
    worker.alive = False
    (answer,) = worker.serve(request() * 2)
    assert b"\r\nConnection: close\r\n" in answer
    assert worker.asked_app == 2


def test_a_repeated_refusal_is_what_the_app_says_to_the_same_request() -> None:
    repeating, asking = (
        made(cors_origins="https://shop.example"),
        made(cors_origins="https://shop.example"),
    )
    sent = request(Origin="https://shop.example") * 2
    repeated = PlayedWorker(repeating.app).serve(sent)[1]
    one_by_one = PlayedWorker(asking.app)
    one_by_one.serve(sent[: len(sent) // 2])
    asking.clock.advance(KEPT_SECONDS + 1)
    said = one_by_one.serve(sent[: len(sent) // 2])[0]
    assert one_by_one.asked_app == 2
    assert without_date(repeated) == without_date(said)
    assert b"Access-Control-Allow-Origin: https://shop.example" in said


@pytest.mark.parametrize(
    "other",
    [
        {"Host": "evil.example"},
        {"Origin": "https://shop.example"},
        {"Authorization": "Bearer x"},
        {"X_API_Key": "x"},
        {"X_Forwarded_Prefix": "/support"},
        {"X_Forwarded_Proto": "https"},
        {"X_Unknown": "x"},
        {"Connection": "close"},
        {"Expect": "100-continue"},
    ],
)
def test_what_an_answer_may_depend_on_is_for_the_app(
    worker: PlayedWorker, other: dict[str, str]
) -> None:
    worker.serve(request() * 2)
    assert worker.asked_app == 1
    worker.serve(request(BODY, "/chat", "1.1", **other))
    assert worker.asked_app == 2


def test_a_connection_that_ends_with_the_answer_teaches_nothing(worker: PlayedWorker) -> None:
    worker.serve(request(Connection="close"))
    (answer,) = worker.serve(request(Connection="close"))
    assert worker.asked_app == 2
    assert b"Connection: close" in answer
    worker.serve(request(version="1.0"))
    worker.serve(request(version="1.0"))
    assert worker.asked_app == 4


def test_a_worker_that_is_to_stop_lets_the_app_answer(worker: PlayedWorker) -> None:
    worker.serve(request() * 2)
    worker.alive = False
    (answer,) = worker.serve(request())
    assert worker.asked_app == 2
    assert b"Connection: close" in answer


def test_an_answer_is_repeated_for_a_second_at_most_and_while_the_gate_is_closed(
    harness: GatewayHarness, worker: PlayedWorker
) -> None:
    worker.serve(request())
    harness.clock.advance(0.5 * MAX_CLOSED_SECONDS)
    worker.serve(request())
    assert worker.asked_app == 1
    harness.clock.advance(MAX_CLOSED_SECONDS)
    worker.serve(request())  # half open: it is asked, refused, and the gate closes again
    assert (worker.asked_app, len(harness.publisher.requests)) == (2, 2)
    harness.clock.advance(KEPT_SECONDS)
    harness.admission.hear("default", FULL)
    worker.serve(request())
    assert worker.asked_app == 3


def test_an_answer_that_grows_old_is_renewed_by_one_request(
    harness: GatewayHarness, worker: PlayedWorker
) -> None:
    worker.serve(request())
    harness.clock.advance(KEPT_SECONDS)
    harness.admission.hear("default", FULL)
    refusals, old = worker.refusals, worker.parsed(request())
    assert refusals.answer(old, "127.0.0.1") is None  # this one goes to the app
    assert refusals.answer(old, "127.0.0.1") is not None
    assert refusals.answer(old, "127.0.0.1", has_waited=True) is None
    harness.clock.advance(0.5 * MAX_CLOSED_SECONDS)
    worker.serve(request())
    assert worker.asked_app == 1
    harness.clock.advance(KEPT_SECONDS)  # nobody has brought a new one
    harness.admission.hear("default", FULL)
    worker.serve(request() * 2)
    assert worker.asked_app == 2


def test_a_process_that_is_behind_asks_about_nobody_who_was_just_refused(
    harness: GatewayHarness, worker: PlayedWorker
) -> None:
    worker.serve(request())
    harness.clock.advance(1.5 * MAX_CLOSED_SECONDS)
    worker.turns = BusyTurns()
    worker.serve(request() * 3 + request(Idempotency_Key="k") + request(Origin="https://a.example"))
    assert worker.asked_app == 3  # the first, the one with a key, and the one of another form
    harness.clock.advance(KEPT_SECONDS)
    worker.serve(request())
    assert worker.asked_app == 4


def test_an_answer_that_names_another_time_is_not_repeated(
    harness: GatewayHarness, worker: PlayedWorker
) -> None:
    worker.serve(request())
    harness.clock.advance(QUIET_SECONDS)
    harness.admission.hear("default", AdmissionRefused("full", 41.0))
    (answer,) = worker.serve(request())
    assert worker.asked_app == 2
    assert b"Retry-After: 41\r\n" in answer


@pytest.mark.parametrize("settings", [{"access_log": True}, {"rate_limit": "5/s"}])
def test_what_wants_each_request_gets_each(settings: dict[str, Any]) -> None:
    harness = made(**settings)
    worker = PlayedWorker(harness.app)
    worker.serve(request() * 3)
    assert worker.asked_app == 3
    assert len(harness.publisher.requests) == 1


def test_traced_refusals_all_have_their_span() -> None:
    traces = MemoryTraces()
    harness = GatewayHarness(tracer=traces.tracer)
    harness.publisher.answer = FULL
    PlayedWorker(harness.app).serve(request() * 3)
    assert [span.name for span in traces.spans].count("POST /chat") == 3


def test_behind_proxies_it_matters_who_is_the_peer() -> None:
    harness = made(trusted_proxies="10.0.0.1")
    worker = PlayedWorker(harness.app)
    worker.serve(request() * 2, peer="10.0.0.1")
    worker.serve(request() * 2, peer="10.0.0.2")
    assert worker.asked_app == 2


def test_forms_are_bounded(worker: PlayedWorker) -> None:
    for number in range(MAX_FORMS + 5):
        worker.serve(request(Host=f"shop-{number}.localhost"))
    assert worker.asked_app == MAX_FORMS + 5
    worker.serve(request(Host="shop-0.localhost"))
    assert worker.asked_app == MAX_FORMS + 6
