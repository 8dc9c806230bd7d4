"""A reply tells where its time went, stage by stage."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.jobs import Answer, Tone
from tests.fakes.clock import ManualClock
from tests.unit.consumer_parts import work
from workers.consumer.jobs import BatchResult
from workers.reply_builder import Decision, ReplyBuilder


@dataclass(frozen=True)
class Found:
    """What the base says to anything."""

    answer: Answer = field(default_factory=lambda: Answer("answer", "entry", 0.9))
    text: str = "Within two days."
    tones: Mapping[str, str] = field(default_factory=dict)


class Oracle:
    def respond(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> Sequence[Decision]:
        return [Found() for _ in texts]


class Plain:
    def adapt(
        self,
        answer: str,
        tones: Mapping[str, str],
        tone: Tone | None,
        used: Collection[str],
        kind: str,
        key: str = "",
    ) -> tuple[str, tuple[str, ...]]:
        return answer, ()


def test_the_stages_add_up_and_the_wait_for_the_engine_is_queueing() -> None:
    job = replace(work("a"), leased_at=10.0, prepared_at=10.001, queued_seconds=0.5)
    ran = BatchResult((job,), np.zeros((1, 2), np.float32), started_at=10.101, ended_at=10.131)
    composer = ReplyBuilder(Oracle(), Plain(), "test", ManualClock())
    (draft,) = composer.draft(ran)
    reply, _ = draft(Tone("neutral", 0.9), 10.135)
    timings = reply.timings
    assert timings.queue_ms == pytest.approx(499 + 100)
    assert timings.prepare_ms == pytest.approx(1)
    assert timings.engine_ms == pytest.approx(30)
    assert timings.compose_ms == pytest.approx(4)
    stages = (timings.queue_ms, timings.prepare_ms, timings.engine_ms, timings.compose_ms)
    assert timings.total_ms == pytest.approx(sum(stages))
