"""What a tone costs from its own encoder, and from the answer encoder's early vector.

    python -m infra.bench.tone_cost [MESSAGES.jsonl]

Processor time of one thread a message, in turns in one process, the least of all rounds; without
Redis and without caches. Without a file the messages are the phrasings of the demo knowledge base.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from infra.harness.messages import read_messages
from shared.jobs import ChatJob, EarlyVector, ToneJob
from shared.settings import load
from shared.wire import encode_tone, read_tone_job
from workers.consumer.counters import Counters
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.engines.engine import TokenBatch
from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.rewrite import rewrite
from workers.preprocessing.preprocessor import Preprocessor
from workers.sentiment import Judging, build_judging
from workers.settings import WorkerSettings

_BATCH = 16
_MESSAGES = 512
_ROUNDS = 12


def main(file: str | None = None) -> None:
    """Print milliseconds a message of each step, and how many messages have a vector to share."""
    settings = load(WorkerSettings).model_copy(update={"vector_cache": 0, "phrase_cache": 0})
    judging = build_judging(settings, select_engine, Counters())
    texts = read_messages(Path(file) if file else None).texts[:_MESSAGES]
    read = Preprocessor(judging.model.tokenizer, rewrite=rewrite).prepare(texts)
    share = sum(each.is_whole for each in read) / len(read)
    sys.stdout.write(f"{share:.0%} of the messages are read as they were written\n")
    for name, milliseconds in _measure(judging, read_manifest(settings.model_folder).digest, texts):
        sys.stdout.write(f"{name}: {milliseconds:.3f} ms a message\n")


def _measure(judging: Judging, digest: str, texts: Sequence[str]) -> list[tuple[str, float]]:
    rows = [each.ids for each in judging.model.preprocessor.prepare(texts)]
    vectors = judging.model.engine.run(TokenBatch.of(rows)).vectors  # as the early ones are
    jobs = [ChatJob(f"j{at}", text, "talk", 0.0) for at, text in enumerate(texts)]

    def queue() -> list[bytes]:
        return [
            encode_tone(job, early=EarlyVector(digest, row.astype("<f2").tobytes()))
            for job, row in zip(jobs, vectors, strict=True)
        ]

    alone, shared = [encode_tone(job) for job in jobs], queue()
    steps: Mapping[str, Callable[[], object]] = {
        "sentiment worker, its own encoder": lambda: _judge(judging, alone),
        "sentiment worker, shared vector": lambda: _judge(judging, shared),
        "inference worker, task with its vector": queue,
    }
    least = dict.fromkeys(steps, float("inf"))
    for _ in range(_ROUNDS):
        for name, step in steps.items():
            began = time.thread_time()
            step()
            least[name] = min(least[name], time.thread_time() - began)
    return [(name, seconds * 1e3 / len(texts)) for name, seconds in least.items()]


def _judge(judging: Judging, messages: Sequence[bytes]) -> None:
    """Take tone tasks through all steps of the worker but Redis."""
    for start in range(0, len(messages), _BATCH):
        claimed = [_claimed(raw) for raw in messages[start : start + _BATCH]]
        passages = judging.judge.prepare(claimed)
        jobs = tuple(
            PreparedJob(each.leased.lease, each.job, each.claim, read, 0.0, 0.0)
            for each, read in zip(claimed, passages, strict=True)
        )
        rows = [each.ids for (each,) in passages if each.ids]
        vectors = np.empty((0, 0), np.float32)
        if rows:
            vectors = judging.model.engine.run(TokenBatch.of(rows)).vectors
        judging.judge.draft(BatchResult(jobs, vectors, 0.0, 0.0))


def _claimed(raw: bytes) -> ClaimedJob[ToneJob]:
    leased = LeasedJob(Lease(b"", raw), read_tone_job(raw, 0.0))
    return ClaimedJob(leased, ClaimResult("run"))


if __name__ == "__main__":
    main(*sys.argv[1:])
