"""What a message costs an inference worker outside the engine, step by step, in one thread.

    python -m infra.bench.worker_steps FILE [--messages N] [--batch N] [--cold] [--other FOLDER]

Reads FILE (JSON lines with a text each), asks the messages in batches, each on the first turn of
its conversation, and prints microseconds of processor time a message: the best of five rounds. The
engine runs once; its vectors are used again. The model and data folders are those of the worker's
settings; like a worker it should compute with OPENBLAS_NUM_THREADS=1.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.harness.messages import read_messages
from shared.clock import SystemClock
from shared.jobs import UNKNOWN_TONE, ChatJob
from shared.settings import load
from workers.answering import Answering, Answers, build_first_look, load_first_model
from workers.consumer.chat_result import completion_arguments
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Completion, Lease, LeasedJob
from workers.engines.engine import TokenBatch
from workers.engines.select import select_engine
from workers.evaluation.memory import HeldMemory
from workers.knowledge.loader import DEMO, read
from workers.settings import WorkerSettings

_ASLEEP_SECONDS = 0.003
_ROUNDS, _TURNS = 5, 3
_Claimed = Sequence[ClaimedJob[ChatJob]]


@dataclass(frozen=True, slots=True)
class _Batch:
    claimed: _Claimed
    tokens: TokenBatch
    vectors: NDArray[np.float32]


def measure(texts: Sequence[str], size: int, *, cold: bool = False) -> dict[str, float]:
    """Return microseconds a message by step, in batches of a size.

    `cold`: before each the engine runs and the process sleeps, as where one user asks.
    """
    settings = load(WorkerSettings).model_copy(update={"vector_cache": 0, "phrase_cache": 0})
    model, clock = load_first_model(settings, select_engine), SystemClock()
    answering = build_first_look(settings, model, HeldMemory(), clock)
    answers = answering.builder.over(read(DEMO), answering.builder.embeddings())
    batches = [
        _batch(answering, texts[start : start + size]) for start in range(0, len(texts), size)
    ]
    best: dict[str, float] = {}
    for _ in range(_ROUNDS):
        spent: Counter[str] = Counter()
        for batch in batches:
            if cold:
                model.engine.run(batch.tokens)
                time.sleep(_ASLEEP_SECONDS)
            spent.update(_steps(answering, answers, batch))
        for step, seconds in spent.items():
            best[step] = min(best.get(step, seconds), seconds)
    told = {step: round(1e6 * seconds / len(texts), 1) for step, seconds in best.items()}
    return {**told, "all": round(sum(told.values()), 1)}


def _batch(answering: Answering, texts: Sequence[str]) -> _Batch:
    claimed = [
        ClaimedJob(
            LeasedJob(Lease(b"", b"{}"), ChatJob(f"job-{n}", text, f"job-{n}", time.time())),
            ClaimResult("run"),
        )
        for n, text in enumerate(texts)
    ]
    ids = [passage.ids for each in answering.prepare(claimed) for passage in each]
    tokens = TokenBatch.of(ids)
    return _Batch(claimed, tokens, answering.model.engine.run(tokens).vectors)


def _steps(answering: Answering, answers: Answers, batch: _Batch) -> dict[str, float]:
    """Return the seconds of each step of one batch."""
    times = [time.thread_time()]
    passages = answering.prepare(batch.claimed)
    times.append(time.thread_time())
    now = time.monotonic()
    jobs = tuple(
        PreparedJob(each.leased.lease, each.job, each.claim, texts, now, now)
        for each, texts in zip(batch.claimed, passages, strict=True)
    )
    result = BatchResult(jobs, batch.vectors, now, now)
    decided = answers.decider.decide(result)
    times.append(time.thread_time())
    drafts = answers.replies.compose(result, decided)
    replies = [draft.finish(UNKNOWN_TONE, now) for draft in drafts]
    times.append(time.thread_time())
    for job, reply in zip(jobs, replies, strict=True):
        end = Completion(
            lease=job.lease, job=job.job, task_id=job.job.id, done_at=now, result=reply
        )
        completion_arguments(end)
    times.append(time.thread_time())
    names = ("prepare", "decide", "finish", "encode")
    return dict(zip(names, np.diff(times).tolist(), strict=True))


def compare(arguments: Sequence[str], other: Path) -> None:
    """Measure the other version and this one in turns; print each line under its folder's name."""
    for _ in range(_TURNS):
        for folder in (other, Path()):
            command = [sys.executable, str(Path(__file__).absolute()), *arguments]
            environment = {**os.environ, "PYTHONPATH": str(folder.absolute())}
            done = subprocess.run(
                command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
            )
            print(folder.name or "here", done.stdout.decode().strip(), flush=True)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cold", action="store_true", help="as where one user asks")
    parser.add_argument("--other", type=Path, help="folder of another version: both in turns")
    given = parser.parse_args()
    if given.other:
        sizes = ["--messages", str(given.messages), "--batch", str(given.batch)]
        cold = ["--cold"] if given.cold else []
        compare([str(given.file.absolute()), *sizes, *cold], given.other)
        return
    texts = read_messages(given.file).texts[: given.messages]
    print(json.dumps(measure(texts, given.batch, cold=given.cold)))


if __name__ == "__main__":
    main()
