"""The steps of a worker whose spans are kept in memory."""

from collections.abc import Sequence
from dataclasses import replace

from opentelemetry.sdk.trace import ReadableSpan

from shared.jobs import ChatJob
from shared.tracing.context import read_context
from shared.wire import encode_infer
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import NEUTRAL, FakeQueue, PoisonableEngine, chat_role
from tests.fakes.tracing import PARENT, MemoryTraces
from workers.consumer.commit import Committer
from workers.consumer.complete import Completer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import PreparedJob
from workers.consumer.prepare import Preparer
from workers.consumer.recorded_traces import RecordedTraces, TracedWorker
from workers.consumer.role import Role
from workers.consumer.run import Runner

STEP_SECONDS = 0.01


class TracedSteps:
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
