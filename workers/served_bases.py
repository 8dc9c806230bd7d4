"""The bases that a worker has in place, and how changed ones come there.

What lies in a base's place is taken, or refused and told: then the one before stays.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Protocol

from shared.errors import WorkerStopped
from shared.tenants import DEFAULT_TENANT
from shared.worker_status import KnowledgeStatus
from workers.answering import Answers
from workers.consumer.context import WorkerContext
from workers.knowledge.base import Fault, KnowledgeBase
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.head import Vectors
from workers.knowledge.loader import Reading, Readings

_RETRY_SECONDS = 60.0  # after a sound base could not be built
_MOST_TOLD = 10  # warnings of one base
_EMPTIED = "no longer holds any entry"
_log = logging.getLogger(__name__)

Tenant = str | None  # None: those without a base of their own


class Builder(Protocol):
    """Builds what answers from a base; `workers.answering.AnswersBuilder` is one."""

    def embeddings(
        self, stopping: Callable[[], bool], *, in_between: bool = False
    ) -> EmbeddingCache:
        """Return what embeds bases while no message comes, or in between messages.

        It raises WorkerStopped once the worker is `stopping`.
        """

    def over(self, reading: Reading, embeddings: EmbeddingCache) -> Answers:
        """Build over a base; KnowledgeError names every fault of it."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors [texts, dimension] as the finders take them, in between messages."""


@dataclass(frozen=True, slots=True)
class Served:
    """What answers a tenant, and since when (Unix seconds); `silent`: it knows no entry."""

    answers: Answers
    since: float
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what lies in a base's place was not taken, and when (Unix seconds)."""

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class ServedBases:
    """What answers each tenant, and which of their bases were refused as they are now."""

    served: Mapping[Tenant, Served] = field(default_factory=dict)
    refused: Mapping[Tenant, Refusal] = field(default_factory=dict)

    def owner(self, tenant: str | None) -> Tenant:
        """Return whose base answers a tenant."""
        return tenant if tenant in self.served else None

    def answers(self, tenant: str | None) -> Answers:
        """Return what answers a tenant."""
        return self.served[self.owner(tenant)].answers

    def status(self) -> tuple[KnowledgeStatus, ...]:
        """Return each base, the shared one first."""
        tenants = sorted((self.served.keys() | self.refused.keys()) - {None}, key=str)
        return tuple(
            _status(tenant, self.served.get(tenant), self.refused.get(tenant))
            for tenant in (None, *tenants)
        )

    def unused(self) -> set[str]:
        """Return the tenants whose base as it is now was not taken."""
        return {tenant or DEFAULT_TENANT for tenant in self.refused}


class BaseTaker:
    """Build over bases that were read, and count and tell what became of them."""

    def __init__(self, builder: Builder, context: WorkerContext) -> None:
        self.retry_at = inf
        self._builder = builder
        self._context = context
        self._stopping = context.stopping.is_set
        self._context.counters.add(knowledge_reloads=0, knowledge_refused=0)

    def first(self, readings: Readings, path: Path) -> ServedBases:
        """Take what lies there at the start; raise KnowledgeError if the shared base is faulty."""
        embeddings, now = self._builder.embeddings(self._stopping), self._context.clock.now()
        served: dict[Tenant, Served] = {}
        refused: dict[Tenant, Refusal] = {}
        _warn(readings.faults)
        for tenant, reading in _parts(readings, path):
            _warn(reading.warnings)
            if tenant is not None and reading.faults:
                refused[tenant] = self._refuse(tenant, reading, None, "it gets no answers")
                reading = _silent(reading.path)
            answers = self._builder.over(reading, embeddings)
            served[tenant] = Served(answers, now, silent=not reading.base.entries)
            _log.info("%s: %s", _name(tenant), _described(answers))
        return ServedBases(served, refused)

    def following(self, before: ServedBases, readings: Readings, path: Path) -> ServedBases:
        """Take what has changed; a base that cannot be used leaves the one before in its place."""
        embeddings = self._builder.embeddings(self._stopping, in_between=True)
        served: dict[Tenant, Served] = {}
        refused: dict[Tenant, Refusal] = {}
        self.retry_at = inf
        for tenant, reading in _parts(readings, path):
            outcome = self._take(tenant, reading, before, embeddings)
            if isinstance(outcome, Refusal):
                refused[tenant] = outcome
            kept = before.served.get(tenant) if isinstance(outcome, Refusal) else outcome
            if kept is not None:
                served[tenant] = kept
        for tenant in before.served.keys() - served.keys():
            _log.info("%s is gone; the shared one answers in its place", _name(tenant))
        return ServedBases(served, refused)

    def _take(
        self, tenant: Tenant, reading: Reading, before: ServedBases, embeddings: EmbeddingCache
    ) -> Served | Refusal:
        """Return what answers from a base that may have changed, or why it cannot be used."""
        old, known = before.served.get(tenant), before.refused.get(tenant)
        if not reading.faults and not reading.base.entries and old and not old.silent:
            reading = Reading(reading.path, reading.base, (Fault(reading.path, 0, _EMPTIED),))
        if reading.faults:
            return self._refuse(tenant, reading, known, "the old one stays")
        if old and old.answers.revision == reading.base.revision:
            return old
        _warn(reading.warnings)
        try:
            answers = self._builder.over(reading, embeddings)
        except WorkerStopped:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, the old base still answers
            self.retry_at = self._context.clock.monotonic() + _RETRY_SECONDS
            return self._fail(tenant, f"{reading.path}: {type(fault).__name__}: {fault}", known)
        self._context.counters.add(knowledge_reloads=1)
        was = old.answers.revision if old else "none"
        _log.info("%s: %s in place of %s", _name(tenant), _described(answers), was)
        return Served(answers, self._context.clock.now())

    def _refuse(
        self, tenant: Tenant, reading: Reading, known: Refusal | None, then: str
    ) -> Refusal:
        """Count and tell a faulty base, once as long as its first fault stays the same."""
        first, more = str(reading.faults[0]), len(reading.faults) - 1
        if known and known.reason == first:
            return known
        others = f" (and {more} more; `parley kb check` lists them)" if more else ""
        _log.error("%s is refused, %s: %s%s", _name(tenant), then, first, others)
        return self._refusal(first)

    def _fail(self, tenant: Tenant, reason: str, known: Refusal | None) -> Refusal:
        """Count and tell, with its traceback, why a sound base cannot be built; once the same."""
        if known and known.reason == reason:
            return known
        _log.exception("%s cannot be built, the old one stays", _name(tenant))
        return self._refusal(reason)

    def _refusal(self, reason: str) -> Refusal:
        self._context.counters.add(knowledge_refused=1)
        return Refusal(reason, self._context.clock.now())


def _parts(readings: Readings, path: Path) -> Iterator[tuple[Tenant, Reading]]:
    yield None, readings.shared or _silent(path)
    yield from readings.tenants.items()


def _silent(path: Path) -> Reading:
    return Reading(path, KnowledgeBase(()))


def _status(tenant: Tenant, served: Served | None, refusal: Refusal | None) -> KnowledgeStatus:
    known = served is not None and not served.silent
    return KnowledgeStatus(
        tenant,
        served.answers.revision if served and known else "",
        served.answers.entries if served else 0,
        served.since if served else 0.0,
        refusal.reason if refusal else None,
        refusal.at if refusal else None,
    )


def _name(tenant: Tenant) -> str:
    return f"the knowledge base of tenant {tenant}" if tenant else "the knowledge base"


def _described(answers: Answers) -> str:
    return f"revision {answers.revision}, {answers.entries:,} entries"


def _warn(warnings: Sequence[Fault]) -> None:
    for warning in warnings[:_MOST_TOLD]:
        _log.warning("%s", warning)
    if len(warnings) > _MOST_TOLD:
        _log.warning("%d more warnings: `parley kb check`", len(warnings) - _MOST_TOLD)
