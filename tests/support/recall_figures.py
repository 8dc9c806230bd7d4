"""Measure how often the turn that a person asks for is found, and what it costs.

    python -m tests.support.recall_figures --model var/model [--redis redis://127.0.0.1:6379]

Prints figures alone, never the texts of the kept split. With --redis, the price of the list and of
a vector set on that server, under keys of its own that are deleted.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import redis
from numpy.typing import NDArray

from tests.data.memory import RecallCase, development_cases, memory_set, natural_cases
from workers.dialogue.state import pack_vectors
from workers.engines.engine import TokenBatch
from workers.engines.select import select_engine
from workers.knowledge.rewrite import rewrite
from workers.memory.memory import MemoryRecord, encode_record, read_records
from workers.memory.recall import POSSIBLE_FROM, RECALLED_FROM, Recalled, search
from workers.preprocessing.clean import clean
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.reading.recall import Recall, read_recall
from workers.reading.spelling import spell_out

_ROWS = 32
_ROUNDS = 50
_KEY = "recall-figures"

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request, and of the same where the right turn is not remembered."""

    split: str
    read: bool
    first: bool
    answered: bool
    refused_if_absent: bool


def encoder(folder: Path) -> Embed:
    """Return what embeds texts as a worker does."""
    engine = select_engine("litert", folder, "answer", threads=1)
    engine.warm()
    preprocessor = Preprocessor(Tokenizer.load(folder), rewrite=rewrite)

    def embed(texts: Sequence[str]) -> Vectors:
        ids = [each.ids for each in preprocessor.prepare(texts)]
        parts = [ids[n : n + _ROWS] for n in range(0, len(ids), _ROWS)]
        return np.concatenate([engine.run(TokenBatch.of(part)).vectors for part in parts])

    return embed


def outcomes(cases: Sequence[RecallCase], embed: Embed) -> list[Outcome]:
    """Ask each case among all that was said and the noise."""
    texts = [*(case.said for case in cases), *memory_set().noise]
    records = [
        MemoryRecord("c", str(n), text, 0.0, "x", pack_vectors(vector[None])[0])
        for n, (text, vector) in enumerate(zip(texts, embed(texts), strict=True))
    ]
    return [_outcome(case, records, embed) for case in cases]


def _outcome(case: RecallCase, records: Sequence[MemoryRecord], embed: Embed) -> Outcome:
    asked = spell_out(clean(case.ask).text)
    recall = read_recall(asked)
    wanted = recall or Recall("")
    vectors = embed([asked, wanted.about] if wanted.about else [asked])
    topic = wanted.about or asked
    found = search(records, topic, vectors)[0]
    others = [record for record in records if record.text != case.said]
    first = found.record.text == case.said
    return Outcome(
        split=case.split,
        read=recall is not None,
        first=first,
        answered=recall is not None and first and _passes(found, wanted),
        refused_if_absent=not _passes(search(others, topic, vectors)[0], wanted),
    )


def _passes(found: Recalled, recall: Recall) -> bool:
    return found.score >= (RECALLED_FROM if recall.certain else POSSIBLE_FROM)


def report(name: str, results: Sequence[Outcome]) -> None:
    """Print one line for each split."""
    for split in ("development", "kept"):
        rows = [each for each in results if each.split == split]
        if not rows:
            continue
        shares = {
            "read": [row.read for row in rows],
            "right turn first": [row.first for row in rows],
            "answered rightly": [row.answered for row in rows],
            "refused if absent": [row.refused_if_absent for row in rows],
        }
        figures = ", ".join(f"{label} {np.mean(values):.3f}" for label, values in shares.items())
        say(f"{name} {split} ({len(rows)}): {figures}")


def price(client: "redis.Redis", vectors: Vectors) -> None:
    """Print milliseconds of the list and of a vector set, for as many records as `vectors`."""
    texts = memory_set().noise[: len(vectors)]
    records = [
        encode_record(MemoryRecord("c", str(n), text, 0.0, "x", pack_vectors(vector[None])[0]))
        for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]
    listed, graph = f"{_KEY}:list", f"{_KEY}:set"
    client.delete(listed, graph)
    call = cast("Callable[..., object]", client.execute_command)

    def add(n: int) -> object:
        return call("VADD", graph, "FP32", vectors[n].tobytes(), str(n), "Q8")

    def ask(n: int) -> object:
        query = vectors[n].tobytes()
        return call("VSIM", graph, "FP32", query, "COUNT", "10")

    def scan(n: int) -> object:
        found = read_records(client.lrange(listed, 0, -1))  # type: ignore[arg-type]
        return search(found, texts[n], vectors[n : n + 1])

    say(f"RPUSH {_milliseconds(lambda n: client.rpush(listed, records[n]), len(records)):.3f} ms")
    say(f"VADD {_milliseconds(add, len(records)):.3f} ms a message")
    say(f"LRANGE and search {_milliseconds(scan, _ROUNDS):.2f} ms a question")
    say(f"LRANGE alone {_milliseconds(lambda _: client.lrange(listed, 0, -1), _ROUNDS):.2f} ms")
    say(f"VSIM {_milliseconds(ask, _ROUNDS):.3f} ms a question, texts not read")
    sizes = [int(client.memory_usage(key, samples=0) or 0) / 1024 for key in (listed, graph)]
    say(f"KB of {len(records)}: list {sizes[0]:.0f}, vector set {sizes[1]:.0f}, without texts")
    client.delete(listed, graph)


def _milliseconds(call: Callable[[int], object], times: int) -> float:
    started = time.perf_counter()
    for n in range(times):
        call(n)
    return (time.perf_counter() - started) / times * 1000


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description="Measure recall.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--redis", help="URL of a server for the price")
    options = parser.parse_args()
    embed = encoder(options.model)
    report("natural", outcomes(natural_cases(), embed))
    report("hard", outcomes(memory_set().cases, embed))
    report("other trades", outcomes(development_cases().cases, embed))
    others = (*memory_set().not_recall, *development_cases().not_recall)
    wrong = sum(read_recall(spell_out(clean(text).text)) is not None for text in others)
    say(f"read as a request though it is none: {wrong} of {len(others)}")
    if options.redis:
        price(redis.Redis.from_url(options.redis), embed(memory_set().noise))


if __name__ == "__main__":
    main()
