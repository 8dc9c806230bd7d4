"""Spans of the gateway, and what it writes into messages."""

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from gateway.queue.publisher import ExistingJob
from shared import wire
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob
from shared.logs import new_formatter
from shared.tracing.context import current_trace
from tests.fakes.tracing import PARENT, TRACE_ID, MemoryTraces, id_of, trace_of
from tests.support.gateway_harness import GatewayHarness

SECRET = "my cat is called rhubarb"  # noqa: S105 - of nothing
BODY = {"message": SECRET, "conversation_id": "talk-rhubarb", "user_id": "anna-rhubarb"}


def ask(harness: GatewayHarness, **headers: str) -> int:
    """Send one message; return the status once the response has gone."""
    with harness.client.post("/chat", json=BODY, headers=headers) as response:
        return response.status_code


def traced_gateway(ratio: float = 1.0) -> tuple[GatewayHarness, MemoryTraces]:
    traces = MemoryTraces(ratio)
    harness = GatewayHarness(tracer=traces.tracer)
    harness.answer_at_once()
    return harness, traces


def written(harness: GatewayHarness) -> tuple[ChatJob, list[dict[str, str]]]:
    """Return the job that was queued as a worker reads it, and the headers of both messages."""
    (request,) = harness.publisher.requests
    messages = (request.infer_task, request.tone_task)
    job = wire.read_chat_job(request.infer_task, 0.0)
    return job, [json.loads(message)["headers"] for message in messages]


def test_a_client_s_trace_goes_through_the_gateway_into_both_messages() -> None:
    harness, traces = traced_gateway()
    assert ask(harness, traceparent=PARENT, tracestate="congo=t61") == 200
    server, send = traces.named("POST /chat"), traces.named("send inference")
    assert [trace_of(span) for span in traces.spans] == [TRACE_ID] * 2
    assert server.parent
    assert f"{server.parent.span_id:016x}" == PARENT.split("-")[2]
    assert traces.below(server) == ["send inference"]
    assert (server.kind, send.kind) == (SpanKind.SERVER, SpanKind.PRODUCER)
    job, headers = written(harness)
    assert job.trace is not None
    assert int(job.trace.span_id, 16) == id_of(send)
    assert job.trace.state == "congo=t61"
    assert [each["traceparent"] for each in headers] == [job.trace.headers["traceparent"]] * 2
    tone = wire.read_tone_job(harness.publisher.requests[0].tone_task, 0.0)
    assert (tone.trace, tone.accepted_at) == (job.trace, job.accepted_at)


def test_spans_say_route_status_and_job_and_nothing_of_the_person() -> None:
    harness, traces = traced_gateway()
    ask(harness, **{"Idempotency-Key": "key-rhubarb", "User-Agent": "agent-rhubarb"})
    (job,) = harness.published
    server = dict(traces.named("POST /chat").attributes or {})
    assert server["http.route"] == "/chat"
    assert server["http.response.status_code"] == 200
    assert server["parley.job.id"] == job.id
    everything = "".join(span.to_json() for span in traces.spans)
    assert "rhubarb" not in everything


@pytest.mark.parametrize("parent", ["", "nonsense", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"])
def test_a_malformed_context_begins_a_trace(parent: str) -> None:
    harness, traces = traced_gateway()
    assert ask(harness, traceparent=parent, tracestate="x" * 5_000) == 200
    server = traces.named("POST /chat")
    assert server.parent is None
    job, headers = written(harness)
    assert job.trace is not None
    assert "tracestate" not in headers[0]


def test_the_flag_of_the_client_decides_before_the_ratio() -> None:
    harness, traces = traced_gateway(ratio=0.0)
    ask(harness, traceparent=PARENT)
    assert len(traces.spans) == 2
    harness, traces = traced_gateway(ratio=1.0)
    unsampled = PARENT[:-1] + "0"
    ask(harness, traceparent=unsampled)
    assert traces.spans == []
    assert written(harness)[1][0]["traceparent"] == unsampled


def test_what_the_ratio_leaves_out_is_told_so_to_the_workers() -> None:
    harness, traces = traced_gateway(ratio=0.0)
    ask(harness)
    assert traces.spans == []
    job, _ = written(harness)
    assert job.trace is not None
    assert not job.trace.sampled


def test_without_tracing_nothing_is_read_and_messages_are_as_ever() -> None:
    harness = GatewayHarness()
    harness.answer_at_once()
    ask(harness, traceparent=PARENT, tracestate="a=1")
    (request,) = harness.publisher.requests
    assert request.job.trace is None
    assert b"trace" not in request.infer_task + request.tone_task


def test_errors_are_errors_of_the_spans_they_happen_in() -> None:
    harness, traces = traced_gateway()
    harness.publisher.answer = QueueUnavailable("redis at 10.0.0.7 is away")
    assert ask(harness) == 503
    server, send = traces.named("POST /chat"), traces.named("send inference")
    assert (server.status.status_code, send.status.status_code) == (StatusCode.ERROR,) * 2
    assert dict(send.attributes or {})["error.type"] == "QueueUnavailable"
    assert dict(server.attributes or {})["error.type"] == "503"


def test_a_refusal_is_recorded_and_no_error_of_ours() -> None:
    harness, traces = traced_gateway()
    with harness.client.post("/chat", data="{") as response:
        assert response.status_code == 400
    server = traces.named("POST /chat")
    assert server.status.status_code is StatusCode.UNSET
    assert dict(server.attributes or {})["http.response.status_code"] == 400


def test_a_request_for_an_earlier_job_names_it() -> None:
    harness, traces = traced_gateway()
    harness.publisher.answer = ExistingJob("earlier", "c")
    with harness.client.post("/chat", json=BODY, headers={"Prefer": "respond-async"}) as response:
        assert response.status_code == 202
    send = dict(traces.named("send inference").attributes or {})
    assert (send["parley.outcome"], send["parley.job.id"]) == ("existing", "earlier")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/dashboard/data"])
def test_probes_are_not_recorded(path: str) -> None:
    harness, traces = traced_gateway()
    harness.client.get(path).close()
    assert traces.spans == []


def test_what_no_route_serves_is_recorded_without_its_path() -> None:
    harness, traces = traced_gateway()
    harness.client.get("/users-of/anna-rhubarb").close()
    assert "rhubarb" not in traces.named("GET").to_json()


def test_requests_of_many_threads_keep_their_traces_apart() -> None:
    harness, traces = traced_gateway()
    parents = [f"00-{n:032x}-{n:016x}-01" for n in range(1, 65)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda parent: ask(harness, traceparent=parent), parents))
    sends = [span for span in traces.spans if span.name == "send inference"]
    servers = {id_of(span): trace_of(span) for span in traces.spans if span.name == "POST /chat"}
    assert len(servers) == len(sends) == len(parents)
    assert all(span.parent and servers[span.parent.span_id] == trace_of(span) for span in sends)
    headers = [json.loads(each.infer_task)["headers"] for each in harness.publisher.requests]
    assert {each["traceparent"].split("-")[1] for each in headers} == set(servers.values())


def test_lines_that_are_logged_for_a_request_name_its_trace() -> None:
    harness, _ = traced_gateway()
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(new_formatter("json"))
    log = logging.getLogger("tests.tracing")
    log.addHandler(handler)
    harness.publisher.on_publish = lambda _job: log.warning("while it is served")
    with harness.client.post(
        "/chat", json=BODY, headers={"traceparent": PARENT, "Prefer": "respond-async"}
    ):
        log.warning("before the response has gone")
    log.warning("after it")
    log.removeHandler(handler)
    found = [json.loads(line).get("trace_id") for line in lines.getvalue().splitlines()]
    assert found == [TRACE_ID, TRACE_ID, None]
    assert current_trace.get() is None


def test_a_stream_is_one_span_until_it_ends_and_its_job_belongs_to_it() -> None:
    harness, traces = traced_gateway()
    with harness.client.post(
        "/chat", json=BODY, headers={"traceparent": PARENT, "Accept": "text/event-stream"}
    ) as response:
        assert [span.name for span in traces.spans] == ["send inference"]
        assert b"event: reply" in response.data
    assert traces.below(traces.named("POST /chat")) == ["send inference"]
    assert written(harness)[0].trace is not None


def test_each_job_of_a_request_for_vectors_belongs_to_its_trace() -> None:
    harness, traces = traced_gateway()
    harness.publisher.on_publish = lambda _job: None
    texts = ["text"] * 40
    harness.publisher.answer = QueueUnavailable("away")
    with harness.client.post(
        "/v1/embeddings", json={"model": "parley", "input": texts}
    ) as response:
        assert response.status_code == 503
    tasks = [json.loads(each.infer_task)["headers"] for each in harness.publisher.requests]
    assert {each["traceparent"].split("-")[1] for each in tasks} == {
        trace_of(traces.named("POST /v1/embeddings"))
    }
