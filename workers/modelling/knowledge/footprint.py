"""Measure the memory that knowledge bases take in an inference worker.

python -m workers.modelling.knowledge.footprint ENTRIES [BASES] [DIMENSION]

The texts are the demo base's with other words added; the vectors are drawn, so that no model is
needed. Linux only.
"""

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from workers.knowledge.base import Entry, KnowledgeBase
from workers.knowledge.calibration import SMALL, read_calibration
from workers.knowledge.finder import Finder
from workers.knowledge.head import Vectors
from workers.knowledge.loader import DEMO, load
from workers.knowledge.responder import EmbeddedBase, build_index, with_small_talk

PHRASINGS = 9
_OUT_OF_SCOPE = 300
_STATM = Path("/proc/self/statm")


def measure(entries: int, bases: int, dimension: int) -> float:
    """Return by how many megabytes that many bases, each of so many entries, grow this process."""
    random, drawn = Random(1), np.random.default_rng(1)  # noqa: S311 - texts, no secrets
    _finder(_base(random, 20, "warm"), drawn, dimension)
    gc.collect()
    before = _resident_bytes()
    kept = [_finder(_base(random, entries, str(each)), drawn, dimension) for each in range(bases)]
    gc.collect()
    return (_resident_bytes() - before) / 1e6 if kept else 0.0


def _base(random: Random, entries: int, name: str) -> KnowledgeBase:
    demo = load(DEMO).entries
    words = sorted({word for entry in demo for word in entry.answer.split()})

    def entry(number: int) -> Entry:
        like = demo[number % len(demo)]
        first, *others = (
            f"{text} {random.choice(words)} {name} {number}"
            for text in like.all_phrasings[:PHRASINGS]
        )
        answer = " ".join((like.answer, *random.choices(words, k=5)))
        return Entry(f"{name}-{number}", first, answer, tuple(others))

    return KnowledgeBase(tuple(map(entry, range(entries))))


def _finder(base: KnowledgeBase, drawn: np.random.Generator, dimension: int) -> Finder:
    entries, small_talk = with_small_talk(base)
    counts = [len(entry.all_phrasings) for entry in entries]

    def vectors(rows: int) -> Vectors:
        found = drawn.standard_normal((rows, dimension), np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    embedded = EmbeddedBase(
        entries,
        small_talk,
        vectors(sum(counts)),
        np.repeat(np.arange(len(entries)), counts),
        vectors(len(entries)),
    )
    index = build_index(embedded, vectors(len(entries)), vectors(_OUT_OF_SCOPE))
    return Finder(entries, index, read_calibration(SMALL), small_talk)


def _resident_bytes() -> int:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments say."""
    entries, bases, dimension = (*map(int, arguments), *(1, 384)[len(arguments) - 1 :])
    grown = measure(entries, bases, dimension)
    sys.stdout.write(f"{bases} × {entries} entries, {dimension} dimensions: {grown:.1f} MB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
