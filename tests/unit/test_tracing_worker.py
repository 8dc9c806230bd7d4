"""Spans of a worker, from lease to completion."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, ToneJob
from shared.message_headers import with_draft, with_first_look
from shared.tracing.context import TraceContext, read_context
from shared.wire import encode_infer, encode_tone, read_chat_job
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import NEUTRAL, FakeQueue, PoisonableEngine, chat_role, tone_role
from tests.fakes.tracing import PARENT, TRACE_ID, MemoryTraces, id_of, trace_of
from tests.support.stock_message import FAULTS, stock_message
from workers.consumer.commit import Committer
from workers.consumer.complete import Completer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import PreparedJob
from workers.consumer.prepare import Preparer
from workers.consumer.recorded_traces import RecordedTraces, TracedWorker
from workers.consumer.role import Role
from workers.consumer.run import Runner

SECRET = "poison is in here"  # noqa: S105 - of nothing
STEP_SECONDS = 0.01


class Harness:
    """The steps of a worker, one after the other; each takes a hundredth of a second."""

    def __init__(self, role: Role | None = None, ratio: float = 1.0) -> None:  # type: ignore[type-arg]
        self.clock, self.queue, self.memory = ManualClock(), FakeQueue(), MemoryTraces(ratio)
        role = role or chat_role(self.queue)
        worker = TracedWorker("w-1", role.queue, "small")
        self.traces = RecordedTraces(self.memory.tracer, worker, self.clock)
        context = WorkerContext("w-1", clock=self.clock, traces=self.traces)
        committer: Committer = Committer(context, self.queue, role.task)  # type: ignore[type-arg]
        self.preparer: Preparer = Preparer(context, role, self.queue, committer)  # type: ignore[type-arg]
        self.runner = Runner(PoisonableEngine(), self.clock)
        self.completer: Completer = Completer(context, role, committer)  # type: ignore[type-arg]

    def message(self, name: str, parent: str | None = PARENT, text: str = "two words") -> bytes:
        job = ChatJob(name, text, f"c-{name}", self.clock.now())
        trace = read_context(parent, None)
        return encode_infer(job if trace is None else job.traced(trace))

    def prepare(self, *messages: bytes) -> list[PreparedJob[ChatJob]]:
        leases = self.queue.push(*messages)
        self.clock.advance(STEP_SECONDS)
        return self.preparer.prepare(leases)

    def answer(self, *messages: bytes) -> None:
        """Take messages all the way, but for those that wait for their tones."""
        self.run(self.prepare(*messages))

    def run(self, jobs: Sequence[PreparedJob[ChatJob]]) -> None:
        if jobs:
            self.clock.advance(STEP_SECONDS)
            end = self.traces.begin_batch(jobs, "test", 2 * len(jobs), 16)
            faults = 0
            for batch in self.runner.run(jobs):
                self.clock.advance(STEP_SECONDS)
                faults += batch.fault is not None
                self.completer.put(replace(batch, ended_at=self.clock.monotonic()))
            end(faults)
        self.clock.advance(STEP_SECONDS)
        self.completer.step(0.0)

    def late_tone(self, name: str) -> None:
        self.clock.advance(STEP_SECONDS)
        self.completer.put_tone(name, NEUTRAL)
        self.completer.step(0.0)

    def attributes(self, name: str) -> dict[str, object]:
        return dict(self.memory.named(name).attributes or {})


def seconds(span: ReadableSpan) -> float:
    assert span.start_time
    assert span.end_time
    return round((span.end_time - span.start_time) / 1e9, 6)


def test_a_message_is_one_span_with_its_stages_in_the_trace_it_came_with() -> None:
    harness = Harness()
    harness.answer(harness.message("a"))
    harness.late_tone("a")
    process = harness.memory.named("process inference")
    assert process.kind is SpanKind.CONSUMER
    assert trace_of(process) == TRACE_ID
    assert process.parent
    assert f"{process.parent.span_id:016x}" == PARENT.split("-")[2]
    stages = ["engine wait", "engine", "compose", "tone wait"]
    assert harness.memory.below(process) == stages
    assert [seconds(harness.memory.named(name)) for name in stages] == [STEP_SECONDS] * 4
    attributes = harness.attributes("process inference")
    assert attributes["messaging.message.id"] == "a"
    assert attributes["parley.worker"] == "w-1"
    assert attributes["parley.delivery"] == 1
    assert attributes["parley.outcome"] == "done"
    assert attributes["parley.answer.kind"] == "answer"
    assert attributes["parley.tone"] == "neutral"
    assert process.status.status_code is StatusCode.UNSET


def test_the_time_on_the_queue_is_a_span_beside_the_worker_s() -> None:
    harness = Harness()
    harness.answer(harness.message("a"))
    harness.late_tone("a")
    queue, process = (
        harness.memory.named("queue inference"),
        harness.memory.named("process inference"),
    )
    assert queue.parent == process.parent
    assert queue.end_time == process.start_time
    assert seconds(queue) == STEP_SECONDS


def test_a_batch_and_its_recorded_messages_are_linked_both_ways() -> None:
    harness = Harness()
    harness.queue.known_tones = {"a": NEUTRAL, "b": NEUTRAL, "c": NEUTRAL}
    other = PARENT.replace("0af7", "1bf7")
    unsampled = PARENT[:-1] + "0"
    messages = [("a", PARENT), ("b", other), ("c", unsampled)]
    harness.answer(*(harness.message(name, parent) for name, parent in messages))
    batch = harness.memory.named("batch inference")
    assert batch.parent is None
    processes = [span for span in harness.memory.spans if span.name == "process inference"]
    assert len(processes) == 2
    assert {link.context.span_id for link in batch.links} == {id_of(span) for span in processes}
    for span in processes:
        (link,) = span.links
        assert link.context.span_id == id_of(batch)
        assert f"{link.context.trace_id:032x}" == trace_of(batch)
    attributes = harness.attributes("batch inference")
    assert attributes["messaging.batch.message_count"] == 3
    assert (attributes["parley.tokens"], attributes["parley.tokens.padded"]) == (6, 16)
    assert (attributes["parley.engine"], attributes["parley.encoder"]) == ("test", "small")


def test_nothing_is_recorded_of_a_batch_without_a_recorded_message() -> None:
    harness = Harness()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(harness.message("a", PARENT[:-1] + "0"))
    assert harness.memory.spans == []
    assert len(harness.queue.completed) == 1


@pytest.mark.parametrize("headers", [{"traceparent": PARENT}, {"traceparent": PARENT, "x": "y"}])
@pytest.mark.parametrize("protocol", [1, 2])
def test_the_trace_of_a_stock_client_goes_on(headers: dict[str, str], protocol: int) -> None:
    message = json.loads(stock_message(protocol=protocol))
    message["headers"] |= headers  # as Celery's instrumentation adds them
    harness = Harness()
    harness.queue.known_tones = {"id-1": NEUTRAL}
    harness.answer(json.dumps(message).encode())
    assert trace_of(harness.memory.named("process inference")) == TRACE_ID


def test_a_stock_client_without_a_trace_begins_one_that_its_tone_goes_on_with() -> None:
    harness = Harness()
    harness.queue.known_tones = {"id-1": NEUTRAL}
    (prepared,) = harness.prepare(stock_message())
    harness.run([prepared])
    process = harness.memory.named("process inference")
    assert process.parent is None
    assert prepared.job.trace
    assert int(prepared.job.trace.span_id, 16) == id_of(process)
    assert process.context
    tone = encode_tone(prepared.job)
    assert f"{process.context.trace_id:032x}".encode() in tone


def test_what_the_sampler_leaves_out_is_told_so_to_its_tone_task() -> None:
    harness = Harness(ratio=0.0)
    (prepared,) = harness.prepare(stock_message())
    assert prepared.lease.span is None
    assert prepared.job.trace
    assert not prepared.job.trace.sampled


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "\ud800"},
        {"traceparent": {"a": 1}},
        {"traceparent": None, "tracestate": "a=1"},
        {"traceparent": "00-" + "f" * 40_000},
        {"traceparent": PARENT, "tracestate": "x" * 20_000},
        {"traceparent": PARENT, "tracestate": ["a=1"], "baggage": {"a": ["b"]}},
        {"traceparent": PARENT, "tracestate": "a=1,a=1,=,,;", "baggage": "\n" * 9_000},
    ],
)
def test_no_header_keeps_a_message_from_its_answer(headers: dict[str, object]) -> None:
    message = json.loads(stock_message())
    message["headers"] |= headers
    harness = Harness()
    harness.queue.known_tones = {"id-1": NEUTRAL}
    harness.answer(json.dumps(message).encode())
    assert [end.state for end in harness.queue.completed] == ["done"]
    assert harness.memory.named("process inference").context


def test_a_message_that_comes_again_is_a_second_span_that_counts() -> None:
    harness = Harness()
    message = harness.message("a")
    harness.prepare(message)  # and the worker dies
    harness.queue.delivered["a"] = 2
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(message)
    process = harness.memory.named("process inference")
    assert trace_of(process) == TRACE_ID
    assert harness.attributes("process inference")["parley.delivery"] == 2


def test_a_redis_that_is_away_costs_the_count_alone() -> None:
    harness = Harness()

    def away(task_ids: Sequence[str]) -> list[int]:
        raise QueueUnavailable("away")

    harness.queue.deliveries = away  # type: ignore[method-assign]
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(harness.message("a"))
    assert harness.attributes("process inference")["parley.delivery"] == 1


def test_a_parked_message_leaves_no_span_until_it_comes_again() -> None:
    harness = Harness()
    harness.queue.claims["a"] = "parked"
    message = harness.message("a")
    harness.answer(message)
    assert harness.memory.spans == []
    harness.queue.claims.clear()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(message)
    assert seconds(harness.memory.named("queue inference")) == 3 * STEP_SECONDS


@pytest.mark.parametrize(
    ("claim", "outcome"), [("cancelled", "cancelled"), ("refused", "failed"), ("ended", None)]
)
def test_what_ends_before_the_engine_says_how(claim: str, outcome: str | None) -> None:
    harness = Harness()
    harness.queue.claims["a"] = claim  # type: ignore[assignment]
    if outcome is None:
        harness.queue.verdicts["a"], outcome = "duplicate", "duplicate"
    harness.answer(harness.message("a"))
    process = harness.memory.named("process inference")
    assert harness.attributes("process inference")["parley.outcome"] == outcome
    is_error = process.status.status_code is StatusCode.ERROR
    assert is_error == (outcome != "duplicate")


def test_an_expired_message_is_an_error_with_a_reason() -> None:
    harness = Harness()
    job = ChatJob(
        "a", "two words", "c", harness.clock.now(), expires_at=harness.clock.now() + 0.005
    )
    harness.answer(encode_infer(job.traced(TraceContext(TRACE_ID, "b7ad6b7169203331", True))))
    process = harness.memory.named("process inference")
    assert harness.attributes("process inference")["error.type"] == "expired"
    assert "time ran out" in (process.status.description or "")
    assert seconds(harness.memory.named("queue inference")) == STEP_SECONDS


def test_a_dead_letter_is_an_error_with_a_reason_and_its_log_line_names_the_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = Harness()
    with caplog.at_level(logging.INFO, "workers.consumer.recorded_traces"):
        harness.answer(harness.message("bad", text="two words"))
    process = harness.memory.named("process inference")
    assert process.status.status_code is StatusCode.ERROR
    assert "ValueError" in (process.status.description or "")
    assert harness.attributes("process inference")["parley.outcome"] == "dead_letter"
    assert [record.__dict__["trace_id"] for record in caplog.records] == [TRACE_ID]


def test_one_over_the_delivery_limit_is_an_error_in_its_trace() -> None:
    harness = Harness()
    harness.queue.delivered["a"] = 6
    harness.preparer.dead_letter(harness.queue.push(harness.message("a")), "delivered too often")
    process = harness.memory.named("process inference")
    assert (trace_of(process), process.status.description) == (TRACE_ID, "delivered too often")
    assert harness.attributes("process inference")["parley.delivery"] == 6


@pytest.mark.parametrize("fault", ["no argument", "yaml", "wrong task"])
def test_a_malformed_message_is_an_error_in_its_trace_without_its_text(fault: str) -> None:
    message = json.loads(FAULTS.get(fault) or stock_message())
    message["headers"]["traceparent"] = PARENT
    if fault == "yaml":
        message |= {"content-type": "application/x-yaml", "body": f"- [{SECRET}", "properties": {}}
    harness = Harness()
    harness.answer(json.dumps(message).encode())
    process = harness.memory.named("process inference")
    assert trace_of(process) == TRACE_ID
    assert process.status.description == "the message is malformed"
    assert SECRET not in process.to_json()


def test_a_batch_with_a_poisonous_message_says_so_and_the_others_are_answered() -> None:
    harness = Harness()
    harness.queue.known_tones = {"a": NEUTRAL, "b": NEUTRAL}
    good, other = harness.prepare(harness.message("a"), harness.message("b"))
    (passage,) = other.passages
    poisonous = replace(other, passages=(replace(passage, ids=(666,)),))
    harness.run([good, poisonous])
    batch = harness.memory.named("batch inference")
    assert batch.status.status_code is StatusCode.ERROR
    assert harness.attributes("batch inference")["parley.batch.faults"] == 1
    outcomes = {
        span.attributes["messaging.message.id"]: span.attributes["parley.outcome"]
        for span in harness.memory.spans
        if span.name == "process inference" and span.attributes
    }
    assert outcomes == {"a": "done", "b": "dead_letter"}


def test_a_lost_lease_is_no_error_of_this_worker() -> None:
    harness = Harness()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.queue.verdicts["a"] = "lost"
    harness.answer(harness.message("a"))
    assert harness.attributes("process inference")["parley.outcome"] == "lost"


def test_what_is_handed_over_ends_here_and_goes_on_in_the_same_trace() -> None:
    harness = Harness()
    role = chat_role(harness.queue)
    unsure = replace(
        role,
        second_looks=harness.queue,
        draft=lambda batch: [
            replace(each, first_look=lambda: "look") for each in role.draft(batch)
        ],
    )
    harness = Harness(unsure)
    assert isinstance(unsure.second_looks, FakeQueue)
    unsure.second_looks.hand_overs["a"] = "handed"
    message = harness.message("a")
    (prepared,) = harness.prepare(message)
    harness.run([prepared])
    assert harness.attributes("process inference")["parley.outcome"] == "handed_over"
    handed = with_first_look(message, prepared.job, "look")
    assert handed is not None
    assert read_chat_job(handed, 0.0).trace == prepared.job.trace


@pytest.mark.parametrize(
    ("look", "waited"),
    [
        ("{}", 0.06),
        ("", 0.06),
        ('{"handed_at":AT}', 0.02),
        ('{"handed_at":-1e300}', 0.06),
        ('{"handed_at":1e300}', 0.06),
    ],
)
@pytest.mark.parametrize("hand_over", [with_first_look, with_draft])
def test_the_wait_for_another_worker_begins_where_a_message_was_handed_over(
    look: str, waited: float, hand_over: Callable[[bytes, ChatJob, str], bytes | None]
) -> None:
    harness = Harness()
    message = harness.message("a")
    job = read_chat_job(message, 0.0)
    harness.clock.advance(0.04)
    look = look.replace("AT", str(harness.clock.now()))
    harness.clock.advance(0.01)
    handed = hand_over(message, job, look)
    assert handed is not None
    harness.answer(handed)
    harness.late_tone("a")
    assert seconds(harness.memory.named("queue inference")) == waited


def test_a_tone_task_is_recorded_in_the_trace_of_its_message() -> None:
    harness = Harness(tone_role())
    trace = TraceContext(TRACE_ID, "b7ad6b7169203331", sampled=True)
    job = ChatJob("a", "two words", "c", harness.clock.now()).traced(trace)
    harness.answer(encode_tone(job))
    process = harness.memory.named("process sentiment")
    assert trace_of(process) == TRACE_ID
    assert seconds(harness.memory.named("queue sentiment")) == STEP_SECONDS
    assert harness.attributes("process sentiment")["parley.tone"] == "neutral"
    assert isinstance(harness.queue.completed[0].job, ToneJob)


def test_nothing_of_a_person_or_a_message_is_in_any_span() -> None:
    harness = Harness()
    harness.queue.known_tones = {"a": NEUTRAL}
    trace = TraceContext(TRACE_ID, "b7ad6b7169203331", sampled=True)
    job = ChatJob("a", SECRET, f"c {SECRET}", harness.clock.now(), user_id=f"u {SECRET}")
    harness.answer(encode_infer(job.traced(trace)))
    everything = "".join(span.to_json() for span in harness.memory.spans)
    assert "process inference" in everything
    assert SECRET not in everything
