"""The variants of an A/B test: which conversation gets which, and one batch with jobs of both.

A job of the TF-IDF variant is read like any other, but its passages carry the ids of an empty text:
the engine has that vector cached, so that such a job runs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from shared.jobs import ChatJob, Variant
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob
from workers.knowledge.base import Entry
from workers.knowledge.tfidf import StemAnalyzer, hashed_vectors
from workers.preprocessing.preprocessor import Prepared
from workers.second_look.decided import BatchDecider, Decided
from workers.settings import VariantChoice

TFIDF_SPACE = "tfidf"  # the vectors that dialogues and memories keep

Read = Callable[[Sequence[ClaimedJob[ChatJob]]], list[tuple[Prepared, ...]]]
Assign = Callable[[str], Variant]


def variant_of(conversation_id: str) -> Variant:
    """Return a conversation's variant in an A/B test: half of them get each, always the same."""
    return "tfidf" if blake2b(conversation_id.encode(), digest_size=1).digest()[0] & 1 else "bert"


def assignment(choice: VariantChoice) -> Assign:
    """Return how conversations get their variant."""
    if choice == "ab":
        return variant_of
    always: Variant = choice
    return lambda _conversation_id: always


class VariantReader:
    """Read the messages of each variant with its own reader; `blank` are an empty text's ids."""

    def __init__(self, bert: Read, tfidf: Read, blank: tuple[int, ...], assign: Assign) -> None:
        self._reads: Mapping[Variant, Read] = {"bert": bert, "tfidf": self._blank}
        self._tfidf = tfidf
        self._ids = blank
        self._assign = assign

    def read(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        """Return the passages of each job, in order."""
        variants = [self._assign(each.job.conversation_id) for each in claimed]
        found = {
            variant: iter(read([c for c, v in zip(claimed, variants, strict=True) if v == variant]))
            for variant, read in self._reads.items()
        }
        return [next(found[variant]) for variant in variants]

    def _blank(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        return [
            tuple(replace(passage, ids=self._ids, is_whole=False) for passage in passages)
            for passages in self._tfidf(claimed)
        ]


class TfidfDecider:
    """Let another decider decide on the words of a batch in place of its vectors."""

    def __init__(self, decider: BatchDecider) -> None:
        self._decider = decider
        self._analyze = StemAnalyzer()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return the entries of the knowledge base by id."""
        return self._decider.entries

    def decide(self, batch: BatchResult[ChatJob]) -> Sequence[Decided]:
        """Return what each job gets, in order."""
        texts = [passage.text for job in batch.jobs for passage in job.passages]
        lexical = replace(batch, vectors=hashed_vectors(self._analyze, texts))
        return [replace(each, variant="tfidf") for each in self._decider.decide(lexical)]


class VariantDecider:
    """Decide on each job of a batch with its conversation's variant."""

    def __init__(self, bert: BatchDecider, tfidf: BatchDecider, assign: Assign) -> None:
        self._deciders: Mapping[Variant, BatchDecider] = {"bert": bert, "tfidf": tfidf}
        self._assign = assign

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return the entries of the knowledge base by id; both variants have the same."""
        return self._deciders["bert"].entries

    def decide(self, batch: BatchResult[ChatJob]) -> Sequence[Decided]:
        """Return what each job gets, in order."""
        variants = [self._assign(each.job.conversation_id) for each in batch.jobs]
        found = {
            variant: iter(decider.decide(batch.part(_places(variants, variant))))
            for variant, decider in self._deciders.items()
            if variant in variants
        }
        return [next(found[variant]) for variant in variants]


def _places(variants: Sequence[Variant], variant: Variant) -> list[int]:
    return [index for index, its in enumerate(variants) if its == variant]
