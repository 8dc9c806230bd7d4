"""What a request to recall makes of a message: found, not found, or no request after all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared import keys
from shared.errors import QueueUnavailable
from tests.fakes.consumer import prepared_job
from tests.fakes.memory import FakeMemory
from workers.consumer.jobs import BatchResult
from workers.dialogue.decision import Heard
from workers.dialogue.hearing import Listener
from workers.dialogue.state import pack_vectors
from workers.knowledge.base import Entry
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.finder import Finder
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.memory.memory import Memory, MemoryRecord
from workers.preprocessing.preprocessor import Prepared

AXES = np.eye(3, dtype=np.float32)
PAY = Entry("pay", "How can I pay?", "Within two days.")
SURE = Calibration((*(0.0 for _ in FEATURES), 9.0), answer_from=0.5, clarify_from=0.3)
SAID = "my order number is FB1"


class LostMemory:
    """Be out of reach."""

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        raise QueueUnavailable(owner)


def hear(
    message: str, topic: str, vector: NDArray[np.float32], memory: Memory | None = None
) -> Heard:
    """Hear a message whose readings lie at `vector`, after SAID was said at the first axis."""
    job = prepared_job("a")
    passages = (
        Prepared(message, (1,), truncated=False),
        Prepared("a question in it", (1,), truncated=False, kind="question"),
        Prepared(topic, (1,), truncated=False, kind="topic"),
    )
    job = replace(job, job=replace(job.job, message=message), passages=passages)
    owner = keys.memory_owner(job.job.user_id, job.job.conversation_id)
    record = MemoryRecord("c", "j", SAID, 1.0, "test", pack_vectors(AXES[0][None])[0])
    lexicon = Lexicon([[PAY.question]], [PAY.answer])
    index = Index(AXES[:1], np.arange(1), AXES[:1], AXES[:1], lexicon, AXES[:1])
    finder = Finder([PAY], index, SURE, frozenset())
    vectors = np.stack([vector, AXES[2], vector])
    batch = BatchResult((job,), vectors, started_at=1.0, ended_at=2.0)
    (heard,) = Listener(finder, memory or FakeMemory({owner: [record]}), "test").hear(batch)
    return heard


def test_without_its_memory_a_message_is_answered_all_the_same() -> None:
    heard = hear("which number did I give you?", "number", AXES[0], LostMemory())
    assert heard.recalls
    assert heard.recalled is None


CERTAIN = ("which number did I give you?", "number")
POSSIBLE = ("what was my order number again?", "my order number")


@pytest.mark.parametrize("asked", [CERTAIN, POSSIBLE])
def test_what_was_said_is_found(asked: tuple[str, str]) -> None:
    heard = hear(*asked, AXES[0])
    assert heard.recalls
    assert heard.recalled
    assert heard.recalled.text == SAID


def test_a_request_for_what_was_never_said_finds_nothing() -> None:
    heard = hear(*CERTAIN, AXES[1])
    assert heard.recalls
    assert heard.recalled is None


def test_what_may_ask_for_something_else_is_no_request_if_nothing_fits() -> None:
    heard = hear(*POSSIBLE, AXES[1])
    assert not heard.recalls
    assert heard.recalled is None
