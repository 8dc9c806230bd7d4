"""The knowledge bases that a worker answers from now: one a tenant, changed ones swapped in.

A thread of its own looks at the files, reads what has changed, embeds it in between the messages'
batches and puts it in place in one step. Whoever drafts a batch holds on to what was in place at
its beginning, so that each message is answered from one revision of one base.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from shared.errors import QueueUnavailable, WorkerStopped
from shared.jobs import ChatJob
from shared.tenants import tenant_of
from shared.worker_status import KnowledgeStatus
from workers.base_source import BaseSource
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.role import Draft
from workers.draft_source import DraftSource, NoDrafts
from workers.gap_grouper import GapGrouper
from workers.knowledge.files import signature
from workers.knowledge.watch import FileWatch
from workers.served_bases import BaseTaker, Builder, Tenant

_LOOK_SECONDS = 1.0
_REST_FACTOR = 50  # of the time that a look at files takes: it costs a worker 2 % at most
_log = logging.getLogger(__name__)


class LiveKnowledge:
    """Answer from the bases under a path as they are now.

    Raises KnowledgeError if the shared base cannot be used. A tenant whose own base cannot be used
    gets small talk, honest fallbacks and handovers, never the answers of another base. `grouper`
    groups gaps on the same thread.
    """

    def __init__(
        self,
        source: BaseSource,
        builder: Builder,
        context: WorkerContext,
        grouper: GapGrouper | None = None,
    ) -> None:
        self._source = source
        self._builder = builder
        self._context = context
        self._grouper = grouper
        self._taker = BaseTaker(builder, context)
        self._bases = self._taker.first(source.read(), source.path)
        source.tell(self._bases.unused())

    def draft(self, batch: BatchResult[ChatJob]) -> Sequence[Draft[ChatResult]]:
        """Return one draft a job, in order, each from its tenant's base."""
        bases = self._bases
        tenants = [bases.owner(tenant_of(each.job.conversation_id)) for each in batch.jobs]
        places: dict[Tenant, list[int]] = {}
        for index, tenant in enumerate(tenants):
            places.setdefault(tenant, []).append(index)
        if len(places) == 1:
            return bases.answers(tenants[0]).replies.draft(batch)
        drafts = {
            tenant: iter(bases.answers(tenant).replies.draft(batch.part(own)))
            for tenant, own in places.items()
        }
        return [next(drafts[tenant]) for tenant in tenants]

    def status(self) -> tuple[KnowledgeStatus, ...]:
        """Return each base as it is served, the shared one first."""
        return self._bases.status()

    def run(self) -> None:
        """Look at the files each second until the worker stops; less often if that takes long."""
        told, rest_seconds = "", _LOOK_SECONDS
        while not self._context.stopping.wait(rest_seconds):
            try:
                rest_seconds = self.step()
                self.group_gaps()
                told = ""
            except WorkerStopped:
                return
            except Exception as fault:  # noqa: BLE001 - the worker answers from what it has
                if str(fault) != told:
                    told = str(fault)
                    _log.exception("the knowledge base cannot be looked at; the old one stays")

    def step(self) -> float:
        """Look once, and put in place what has changed; return for how many seconds to rest then.

        Waiting for a Redis that does not answer costs nothing that would call for a rest.
        """
        clock = self._context.clock
        began = clock.monotonic()
        files, took = self._source.have_files_changed(), clock.monotonic() - began
        if self._source.have_drafts_changed() or files or began >= self._taker.retry_at:
            self._swap()
        return max(_LOOK_SECONDS, _REST_FACTOR * took)

    def _swap(self) -> None:
        readings = self._source.read()
        if self._source.take():
            self._bases = self._taker.following(self._bases, readings, self._source.path)
            self._source.tell(self._bases.unused())

    def group_gaps(self) -> None:
        """Group the gaps of a tenant, if somebody waits for that."""
        try:
            tenant = self._grouper.wanted() if self._grouper else None
            if self._grouper and tenant is not None:
                answers = self._bases.answers(tenant)
                self._grouper.group(tenant, answers.revision, answers.finder, self._builder.embed)
        except QueueUnavailable:
            return  # who waits asks again


def open_knowledge(
    path: Path,
    builder: Builder,
    context: WorkerContext,
    drafts: DraftSource | None = None,
    grouper: GapGrouper | None = None,
) -> LiveKnowledge:
    """Load the bases under a path.

    Raises KnowledgeError if the shared one cannot be used, WorkerStopped if the worker stops.
    """
    source = BaseSource(path, FileWatch(lambda: signature(path)), drafts or NoDrafts())
    return LiveKnowledge(source, builder, context, grouper)
