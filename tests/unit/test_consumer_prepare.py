"""What a worker does with what lies on the queue: run it, or end it with a reason."""

from collections.abc import Sequence
from threading import Event

import pytest

from shared import keys
from shared.jobs import ChatJob, JobState
from shared.results import (
    Failure,
    JobRecord,
    celery_result,
    encode_failure,
    failure_detail,
    read_celery_result,
)
from shared.wire import encode_infer, encode_tone
from tests.fakes.clock import ManualClock
from tests.unit.test_shared_wire import FAULTS, stock_message
from workers.consumer.counters import Counters
from workers.consumer.jobs import PreparedJob, ToneJob
from workers.consumer.lease_queue import QueueLimits
from workers.consumer.memory_lease import MemoryBroker
from workers.consumer.memory_queue import MemoryInferenceQueue, MemorySentimentQueue
from workers.consumer.prepare import ChatPreparer, DropPolicy
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.task_events import RecordedEvents
from workers.consumer.tone_steps import TonePreparer
from workers.preprocessing.preprocessor import Prepared


class Words:
    """Prepare a text as its words; break on the one that tests choose."""

    def prepare(self, messages: Sequence[str]) -> list[Prepared]:
        """Return one id a word."""
        if any("poison" in message for message in messages):
            raise ValueError("poison")
        return [Prepared(text, tuple(range(len(text.split()))), False) for text in messages]


class Scene:
    """Preparers over queues in memory, with a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.broker = MemoryBroker()
        self.revoked: set[str] = set()
        self.events = RecordedEvents()
        limits, judge = QueueLimits(), DropPolicy(self.revoked.__contains__, self.clock)
        self.queue = MemoryInferenceQueue(self.broker, "w", self.clock, limits)
        self.tone_queue = MemorySentimentQueue(self.broker, "s", self.clock, limits)
        parts = (judge, self.events, Counters(), RetryPolicy(Event()))
        self.chat = ChatPreparer(self.queue, Words(), *parts)
        self.tone = TonePreparer(self.tone_queue, Words(), *parts)  # type: ignore[arg-type]

    def job(self, name: str, message: str = "two words", **fields: float) -> ChatJob:
        return ChatJob(name, message, f"c-{name}", self.clock.now(), **fields)  # type: ignore[arg-type]

    def prepare(self, *messages: bytes) -> list[PreparedJob[ChatJob]]:
        for raw in messages:
            self.broker.queues[keys.INFERENCE].appendleft(raw)
        return self.chat.prepare(self.queue.lease(99))

    def prepare_tones(self, *messages: bytes) -> list[PreparedJob[ToneJob]]:
        for raw in messages:
            self.broker.queues[keys.SENTIMENT].appendleft(raw)
        return self.tone.prepare(self.tone_queue.lease(99))

    def record(self, name: str) -> JobRecord:
        return read_celery_result(self.broker.results[name])

    def nothing_is_held(self) -> bool:
        return not any(self.broker.leases.values())


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_good_messages_become_works_in_order(scene: Scene) -> None:
    works = scene.prepare(*(encode_infer(scene.job(name)) for name in "abc"))
    assert [each.job.id for each in works] == ["a", "b", "c"]
    assert works[0].ids == (0, 1)
    assert [event.kind for event in scene.events.emitted] == ["received"] * 3


@pytest.mark.parametrize("fault", FAULTS)
def test_a_malformed_message_is_buried_and_the_others_run(scene: Scene, fault: str) -> None:
    works = scene.prepare(encode_infer(scene.job("a")), FAULTS[fault], encode_infer(scene.job("b")))
    assert [each.job.id for each in works] == ["a", "b"]
    (letter,) = scene.broker.dead_letters
    assert letter.raw == FAULTS[fault]
    assert len(letter.reason) > 10
    assert len(scene.broker.leases["w"]) == 2


def test_the_client_of_a_malformed_task_is_told(scene: Scene) -> None:
    scene.prepare(FAULTS["empty message"])
    record = scene.record("id-1")
    assert record.state == "failed"
    assert "message" in failure_detail(record.body or b"")


def test_a_poison_text_is_buried_with_its_traceback_alone(scene: Scene) -> None:
    works = scene.prepare(
        encode_infer(scene.job("a")),
        encode_infer(scene.job("bad", "poison")),
        encode_infer(scene.job("b")),
    )
    assert [each.job.id for each in works] == ["a", "b"]
    (letter,) = scene.broker.dead_letters
    assert "ValueError: poison" in (letter.traceback or "")
    assert scene.record("bad").state == "failed"


def test_an_expired_job_never_reaches_the_engine(scene: Scene) -> None:
    now = scene.clock.now()
    assert scene.prepare(encode_infer(scene.job("late", expires_at=now))) == []
    assert scene.record("late").state == "expired"
    assert scene.prepare(encode_infer(scene.job("good", expires_at=now + 1)))


def test_a_revoked_job_never_reaches_the_engine(scene: Scene) -> None:
    scene.revoked.add("gone")
    assert scene.prepare(encode_infer(scene.job("gone"))) == []
    assert scene.record("gone").state == "cancelled"
    assert scene.nothing_is_held()


@pytest.mark.parametrize(("state", "told"), [("cancelled", ["revoked"]), ("done", [])])
def test_a_job_that_has_ended_meanwhile_never_reaches_the_engine(
    scene: Scene, state: JobState, told: list[str]
) -> None:
    body = encode_failure(Failure("cancelled", "Gone."))
    result = celery_result("gone", state, body, scene.clock.now())
    scene.broker.results["gone"] = result
    assert scene.prepare(encode_infer(scene.job("gone"))) == []
    assert scene.broker.results["gone"] == result
    assert scene.nothing_is_held()
    kinds = [event.kind for event in scene.events.emitted]
    assert [kind for kind in kinds if kind != "received"] == told


def test_a_celery_clients_job_brings_its_tone_task(scene: Scene) -> None:
    (each,) = scene.prepare(stock_message(task_id="mine"))
    assert each.job.conversation_id == "mine"
    assert len(scene.broker.queues[keys.SENTIMENT]) == 1


def test_tone_tasks_become_works(scene: Scene) -> None:
    works = scene.prepare_tones(encode_tone(scene.job("a")), encode_tone(scene.job("b")))
    assert [each.job.id for each in works] == ["a", "b"]
    assert works[0].job.task_id == "tone-a"


def test_a_late_tone_task_is_dropped_without_a_dead_letter(scene: Scene) -> None:
    assert scene.prepare_tones(encode_tone(scene.job("a", expires_at=scene.clock.now()))) == []
    assert scene.broker.dead_letters == []
    assert scene.nothing_is_held()


@pytest.mark.parametrize("fault", ["no argument", "wrong task", "huge", "deep"])
def test_a_malformed_tone_task_is_buried(scene: Scene, fault: str) -> None:
    assert scene.prepare_tones(FAULTS[fault]) == []
    assert [letter.queue for letter in scene.broker.dead_letters] == [keys.SENTIMENT]
    assert scene.nothing_is_held()


def test_a_poison_tone_text_is_buried_alone(scene: Scene) -> None:
    works = scene.prepare_tones(
        encode_tone(scene.job("bad", "poison")), encode_tone(scene.job("a"))
    )
    assert [each.job.id for each in works] == ["a"]
    assert len(scene.broker.dead_letters) == 1
