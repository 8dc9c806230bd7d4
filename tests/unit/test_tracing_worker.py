"""Spans of a worker, from lease to completion."""

import json
from collections.abc import Callable, Sequence

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, ToneJob
from shared.message_headers import with_draft, with_first_look
from shared.tracing.context import TraceContext
from shared.wire import encode_infer, encode_tone, read_chat_job
from tests.fakes.consumer import NEUTRAL, tone_role
from tests.fakes.tracing import PARENT, TRACE_ID, id_of, trace_of
from tests.support.stock_message import stock_message
from tests.support.traced_steps import STEP_SECONDS, TracedSteps, seconds

SECRET = "poison is in here"  # noqa: S105 - of nothing


def test_a_message_is_one_span_with_its_stages_in_the_trace_it_came_with() -> None:
    harness = TracedSteps()
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
    harness = TracedSteps()
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
    harness = TracedSteps()
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
    harness = TracedSteps()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(harness.message("a", PARENT[:-1] + "0"))
    assert harness.memory.spans == []
    assert len(harness.queue.completed) == 1


@pytest.mark.parametrize("headers", [{"traceparent": PARENT}, {"traceparent": PARENT, "x": "y"}])
@pytest.mark.parametrize("protocol", [1, 2])
def test_the_trace_of_a_stock_client_goes_on(headers: dict[str, str], protocol: int) -> None:
    message = json.loads(stock_message(protocol=protocol))
    message["headers"] |= headers  # as Celery's instrumentation adds them
    harness = TracedSteps()
    harness.queue.known_tones = {"id-1": NEUTRAL}
    harness.answer(json.dumps(message).encode())
    assert trace_of(harness.memory.named("process inference")) == TRACE_ID


def test_a_stock_client_without_a_trace_begins_one_that_its_tone_goes_on_with() -> None:
    harness = TracedSteps()
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
    harness = TracedSteps(ratio=0.0)
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
    harness = TracedSteps()
    harness.queue.known_tones = {"id-1": NEUTRAL}
    harness.answer(json.dumps(message).encode())
    assert [end.state for end in harness.queue.completed] == ["done"]
    assert harness.memory.named("process inference").context


def test_a_message_that_comes_again_is_a_second_span_that_counts() -> None:
    harness = TracedSteps()
    message = harness.message("a")
    harness.prepare(message)  # and the worker dies
    harness.queue.delivered["a"] = 2
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(message)
    process = harness.memory.named("process inference")
    assert trace_of(process) == TRACE_ID
    assert harness.attributes("process inference")["parley.delivery"] == 2


def test_a_redis_that_is_away_costs_the_count_alone() -> None:
    harness = TracedSteps()

    def away(task_ids: Sequence[str]) -> list[int]:
        raise QueueUnavailable("away")

    harness.queue.deliveries = away  # type: ignore[method-assign]
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(harness.message("a"))
    assert harness.attributes("process inference")["parley.delivery"] == 1


def test_a_parked_message_leaves_no_span_until_it_comes_again() -> None:
    harness = TracedSteps()
    harness.queue.claims["a"] = "parked"
    message = harness.message("a")
    harness.answer(message)
    assert harness.memory.spans == []
    harness.queue.claims.clear()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.answer(message)
    assert seconds(harness.memory.named("queue inference")) == 3 * STEP_SECONDS


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
    harness = TracedSteps()
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
    harness = TracedSteps(tone_role())
    trace = TraceContext(TRACE_ID, "b7ad6b7169203331", sampled=True)
    job = ChatJob("a", "two words", "c", harness.clock.now()).traced(trace)
    harness.answer(encode_tone(job))
    process = harness.memory.named("process sentiment")
    assert trace_of(process) == TRACE_ID
    assert seconds(harness.memory.named("queue sentiment")) == STEP_SECONDS
    assert harness.attributes("process sentiment")["parley.tone"] == "neutral"
    assert isinstance(harness.queue.completed[0].job, ToneJob)


def test_nothing_of_a_person_or_a_message_is_in_any_span() -> None:
    harness = TracedSteps()
    harness.queue.known_tones = {"a": NEUTRAL}
    trace = TraceContext(TRACE_ID, "b7ad6b7169203331", sampled=True)
    job = ChatJob("a", SECRET, f"c {SECRET}", harness.clock.now(), user_id=f"u {SECRET}")
    harness.answer(encode_infer(job.traced(trace)))
    everything = "".join(span.to_json() for span in harness.memory.spans)
    assert "process inference" in everything
    assert SECRET not in everything
