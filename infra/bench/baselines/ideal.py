"""Ideal: no HTTP, no queue, no answers. Tokenise and run the engine over all messages.

    python -m infra.bench.baselines.ideal MESSAGES.json FIRST STEP SECONDS

Takes every STEP-th message from FIRST on, so that several processes share the messages. Prints
`warm` when ready, starts when its input closes or holds a line, and then prints what it did.
"""

import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infra.bench.offline import Offline
from shared.settings import load
from workers.engines.engine import TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings

_BATCH = 256  # sorted by length; the engine then fills its grids as well as it can


def main(messages: Sequence[str], seconds: float) -> Offline:
    """Run the messages, again and again, for this number of seconds."""
    settings = load(WorkerSettings)
    tokenizer = Tokenizer.load(settings.model_folder)
    engine = LiteRtEngine(settings.model_folder, "answer", threads=1)
    engine.warm()
    supply = itertools.cycle(messages)
    run: list[list[int]] = []
    print("warm", flush=True)
    sys.stdin.readline()
    began, cpu_began = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        texts = list(itertools.islice(supply, _BATCH))
        rows = sorted((tokens.ids for tokens in tokenizer.encode_batch(texts)), key=len)
        engine.run(TokenBatch.of(rows))
        run.append([len(row) for row in rows])
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return Offline(
        messages=sum(map(len, run)),
        seconds=elapsed,
        cpu_seconds=cpu,
        tokens=sum(map(sum, run)),
        padded_tokens=sum(map(engine.padded_tokens, run)),
    )


if __name__ == "__main__":
    file, first, step, seconds = sys.argv[1:]
    all_messages = msgspec.json.decode(Path(file).read_bytes(), type=list[str])
    offline = main(all_messages[int(first) :: int(step)], float(seconds))
    print(msgspec.json.encode(offline).decode(), flush=True)
