"""The knowledge bases that a worker answers from now: one a tenant, changed ones swapped in.

A thread of its own looks at the files, reads what has changed, embeds it in between the messages'
batches and puts it in place in one step. Whoever drafts a batch holds on to what was in place at
its beginning, so that each message is answered from one revision of one base.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, KnowledgeStatus
from shared.tenants import DEFAULT_TENANT, tenant_of
from workers.answering import Answers
from workers.base_source import BaseSource
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.role import Draft
from workers.draft_source import DraftSource, NoDrafts
from workers.gap_grouper import GapGrouper
from workers.knowledge.base import Fault, KnowledgeBase
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.files import signature
from workers.knowledge.head import Vectors
from workers.knowledge.loader import Reading, Readings
from workers.knowledge.watch import FileWatch

_LOOK_SECONDS = 1.0
_REST_FACTOR = 50  # of the time that a look takes: it costs a worker 2 % at most
_RETRY_SECONDS = 60.0  # after a sound base could not be built
_MOST_TOLD = 10  # warnings of one base
_EMPTIED = "no longer holds any entry"
_log = logging.getLogger(__name__)

Tenant = str | None  # None: those without a base of their own


class Builder(Protocol):
    """Builds what answers from a base; `workers.answering.AnswersBuilder` is one."""

    def embeddings(self, *, in_between: bool = False) -> EmbeddingCache:
        """Return what embeds bases while no message comes, or in between messages."""

    def over(self, reading: Reading, embeddings: EmbeddingCache) -> Answers:
        """Build over a base; KnowledgeError names every fault of it."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors [texts, dimension] as the finders take them, in between messages."""


@dataclass(frozen=True, slots=True)
class _Served:
    """What answers a tenant, and since when (Unix seconds); `silent`: it knows no entry."""

    answers: Answers
    since: float
    silent: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why what lies in a base's place was not taken, and when (Unix seconds)."""

    reason: str
    at: float


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
        self._pause_seconds = _LOOK_SECONDS
        self._retry_at = inf
        self._refused: Mapping[Tenant, _Refusal] = {}
        self._served: Mapping[Tenant, _Served] = {}
        self._context.counters.add(knowledge_reloads=0, knowledge_refused=0)
        self._begin(source.read())

    def draft(self, batch: BatchResult[ChatJob]) -> Sequence[Draft[ChatResult]]:
        """Return one draft a job, in order, each from its tenant's base."""
        served = self._served
        tenants = [_owner(served, each.job) for each in batch.jobs]
        places: dict[Tenant, list[int]] = {}
        for index, tenant in enumerate(tenants):
            places.setdefault(tenant, []).append(index)
        if len(places) == 1:
            return served[tenants[0]].answers.replies.draft(batch)
        drafts = {
            tenant: iter(served[tenant].answers.replies.draft(batch.part(own)))
            for tenant, own in places.items()
        }
        return [next(drafts[tenant]) for tenant in tenants]

    def status(self) -> tuple[KnowledgeStatus, ...]:
        """Return each base as it is served, the shared one first."""
        served, refused = self._served, self._refused
        tenants = sorted((served.keys() | refused.keys()) - {None}, key=str)
        return tuple(
            _status(tenant, served.get(tenant), refused.get(tenant)) for tenant in (None, *tenants)
        )

    def run(self) -> None:
        """Look at the files each second until the worker stops; less often if that takes long."""
        told = ""
        while not self._context.stopping.wait(self._pause_seconds):
            try:
                self.step()
                self.group_gaps()
                told = ""
            except Exception as fault:  # noqa: BLE001 - the worker answers from what it has
                if str(fault) != told:
                    told = str(fault)
                    _log.exception("the knowledge base cannot be looked at; the old one stays")

    def step(self) -> None:
        """Look once, and put in place what has changed."""
        clock = self._context.clock
        began = clock.monotonic()
        changed, took = self._source.changed(), clock.monotonic() - began
        self._pause_seconds = max(_LOOK_SECONDS, _REST_FACTOR * took)
        if not changed and began < self._retry_at:
            return
        readings = self._source.read()
        if self._source.take():
            self._retry_at = inf
            self._reload(readings)

    def group_gaps(self) -> None:
        """Group the gaps of a tenant, if somebody waits for that."""
        try:
            tenant = self._grouper.wanted() if self._grouper else None
            if self._grouper and tenant is not None:
                answers = self._served[tenant if tenant in self._served else None].answers
                self._grouper.group(tenant, answers.revision, answers.finder, self._builder.embed)
        except QueueUnavailable:
            return  # who waits asks again

    def _begin(self, readings: Readings) -> None:
        embeddings, now = self._builder.embeddings(), self._context.clock.now()
        served: dict[Tenant, _Served] = {}
        refused: dict[Tenant, _Refusal] = {}
        _warn(readings.faults)
        for tenant, reading in _parts(readings, self._source.path):
            _warn(reading.warnings)
            if tenant is not None and reading.faults:
                refused[tenant] = self._refuse(tenant, reading, "it gets no answers")
                reading = _silent(reading.path)
            answers = self._builder.over(reading, embeddings)
            served[tenant] = _Served(answers, now, silent=not reading.base.entries)
            _log.info("%s: %s", _name(tenant), _described(answers))
        self._served, self._refused = served, refused
        self._source.tell(_names(refused))

    def _reload(self, readings: Readings) -> None:
        embeddings = self._builder.embeddings(in_between=True)
        before = self._served
        served: dict[Tenant, _Served] = {}
        refused: dict[Tenant, _Refusal] = {}
        for tenant, reading in _parts(readings, self._source.path):
            old = before.get(tenant)
            outcome = self._take(tenant, reading, old, embeddings)
            if isinstance(outcome, _Refusal):
                refused[tenant] = outcome
            kept = old if isinstance(outcome, _Refusal) else outcome
            if kept is not None:
                served[tenant] = kept
        for tenant in before.keys() - served.keys():
            _log.info("%s is gone; the shared one answers in its place", _name(tenant))
        self._served, self._refused = served, refused
        self._source.tell(_names(refused))

    def _take(
        self, tenant: Tenant, reading: Reading, old: _Served | None, embeddings: EmbeddingCache
    ) -> _Served | _Refusal:
        """Return what answers from a base that may have changed, or why it cannot be used."""
        if not reading.faults and not reading.base.entries and old and not old.silent:
            reading = Reading(reading.path, reading.base, (Fault(reading.path, 0, _EMPTIED),))
        if reading.faults:
            return self._refuse(tenant, reading, "the old one stays")
        if old and old.answers.revision == reading.base.revision:
            return old
        _warn(reading.warnings)
        try:
            answers = self._builder.over(reading, embeddings)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the old base still answers
            self._retry_at = self._context.clock.monotonic() + _RETRY_SECONDS
            return self._fail(tenant, f"{reading.path}: {type(fault).__name__}: {fault}")
        self._context.counters.add(knowledge_reloads=1)
        was = old.answers.revision if old else "none"
        _log.info("%s: %s in place of %s", _name(tenant), _described(answers), was)
        return _Served(answers, self._context.clock.now())

    def _refuse(self, tenant: Tenant, reading: Reading, then: str) -> _Refusal:
        """Count and tell a faulty base, once as long as its first fault stays the same."""
        first, more = str(reading.faults[0]), len(reading.faults) - 1
        known = self._refused.get(tenant)
        if known and known.reason == first:
            return known
        others = f" (and {more} more; `parley kb check` lists them)" if more else ""
        _log.error("%s is refused, %s: %s%s", _name(tenant), then, first, others)
        return self._refusal(first)

    def _fail(self, tenant: Tenant, reason: str) -> _Refusal:
        """Count and tell, with its traceback, why a sound base cannot be built; once the same."""
        known = self._refused.get(tenant)
        if known and known.reason == reason:
            return known
        _log.exception("%s cannot be built, the old one stays", _name(tenant))
        return self._refusal(reason)

    def _refusal(self, reason: str) -> _Refusal:
        self._context.counters.add(knowledge_refused=1)
        return _Refusal(reason, self._context.clock.now())


def open_knowledge(
    path: Path,
    builder: Builder,
    context: WorkerContext,
    drafts: DraftSource | None = None,
    grouper: GapGrouper | None = None,
) -> LiveKnowledge:
    """Load the bases under a path; raise KnowledgeError if the shared one cannot be used."""
    source = BaseSource(path, FileWatch(lambda: signature(path)), drafts or NoDrafts())
    return LiveKnowledge(source, builder, context, grouper)


def _owner(served: Mapping[Tenant, _Served], job: ChatJob) -> Tenant:
    tenant = tenant_of(job.conversation_id)
    return tenant if tenant in served else None


def _parts(readings: Readings, path: Path) -> Iterator[tuple[Tenant, Reading]]:
    yield None, readings.shared or _silent(path)
    yield from readings.tenants.items()


def _silent(path: Path) -> Reading:
    return Reading(path, KnowledgeBase(()))


def _status(tenant: Tenant, served: _Served | None, refusal: _Refusal | None) -> KnowledgeStatus:
    known = served is not None and not served.silent
    return KnowledgeStatus(
        tenant,
        served.answers.revision if served and known else "",
        served.answers.entries if served else 0,
        served.since if served else 0.0,
        refusal.reason if refusal else None,
        refusal.at if refusal else None,
    )


def _names(tenants: Iterable[Tenant]) -> set[str]:
    return {tenant or DEFAULT_TENANT for tenant in tenants}


def _name(tenant: Tenant) -> str:
    return f"the knowledge base of tenant {tenant}" if tenant else "the knowledge base"


def _described(answers: Answers) -> str:
    return f"revision {answers.revision}, {answers.entries:,} entries"


def _warn(warnings: Sequence[Fault]) -> None:
    for warning in warnings[:_MOST_TOLD]:
        _log.warning("%s", warning)
    if len(warnings) > _MOST_TOLD:
        _log.warning("%d more warnings: `parley kb check`", len(warnings) - _MOST_TOLD)
