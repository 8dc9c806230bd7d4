"""A worker's knowledge over files of a test, and what it answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from shared.jobs import ChatJob, Reply, Tone
from shared.tenants import scope
from shared.worker_status import KnowledgeStatus
from tests.fakes.answers_builder import WordAnswersBuilder
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import prepared_job
from tests.fakes.editing import FakeDraftSource, FakeGapStore
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimResult
from workers.gap_grouper import GapGrouper
from workers.knowledge.encoder import encode
from workers.live_knowledge import LiveKnowledge, open_knowledge
from workers.preprocessing.preprocessor import Prepared

NEUTRAL = Tone("neutral", 0.9)


PAY = "How can I pay?"


ENTRY = "- {{id: {id}, question: {question}, answer: {answer}}}\n"


class Stand:
    """A folder of bases, and a worker's knowledge of them."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.kb = folder / "kb"
        self.clock = ManualClock()
        self.context = WorkerContext("w", clock=self.clock)
        self.builder = WordAnswersBuilder(cache, self.clock)
        self.drafts = FakeDraftSource()
        self.gaps = FakeGapStore()
        self.write("By card.")

    def write(self, answer: str, file: str = "faq.yaml", **fields: str) -> None:
        """Write a base of one entry under a name, as an editor does: by renaming over it."""
        entry = {"id": "pay", "question": PAY, "answer": answer, **fields}
        self.write_text(ENTRY.format(**entry), file)

    def write_text(self, text: str, file: str = "faq.yaml") -> None:
        path = self.kb / file
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(text, "utf-8")
        partial.replace(path)

    def open(self) -> LiveKnowledge:
        """Start; `live` is the same afterwards."""
        self.live = open_knowledge(
            self.kb, self.builder, self.context, self.drafts, GapGrouper(self.gaps, self.clock)
        )
        return self.live

    def settle(self) -> None:
        """Look as often as it takes until files at rest are taken."""
        for _ in range(2):
            self.live.step()

    def job(
        self,
        message: str,
        tenant: str = "default",
        dialogue: bytes = b"",
        conversation: str = "c",
    ) -> PreparedJob[ChatJob]:
        ids = self.builder.encoder.read([message])[0]
        prepared = prepared_job(f"{tenant}-{message}")
        job = replace(prepared.job, message=message, conversation_id=scope(tenant, conversation))
        return replace(
            prepared,
            job=job,
            claim=ClaimResult("run", dialogue),
            passages=(Prepared(message, ids, False),),
        )

    def ask_all(self, *jobs: PreparedJob[ChatJob]) -> Sequence[Reply]:
        vectors = encode(self.builder.encoder, [each.job.message for each in jobs])
        batch = BatchResult(jobs, np.asarray(vectors, np.float32), 0.0, 0.0)
        return [draft.finish(NEUTRAL, 0.0).reply for draft in self.live.draft(batch)]

    def ask(self, message: str = PAY, tenant: str = "default", dialogue: bytes = b"") -> Reply:
        return self.ask_all(self.job(message, tenant, dialogue))[0]

    def knows_nothing(self, tenant: str) -> bool:
        """Say whether small talk is all that a tenant's base has to offer."""
        answer = self.ask(tenant=tenant).answer
        ids = [answer.id or "", *(each.id for each in answer.alternatives)]
        return all(name.startswith("smalltalk-") for name in ids)

    def shared(self) -> KnowledgeStatus:
        return self.live.status()[0]

    def counted(self) -> tuple[float, float]:
        counters = self.context.counters.snapshot()
        return counters["knowledge_reloads"], counters["knowledge_refused"]
