"""Who works now, and how much: what the dashboard shows beside its charts."""

from collections.abc import Sequence

import msgspec

from gateway.dashboard.observation import Observation
from gateway.dashboard.worker_meter import Work
from shared.tenants import DEFAULT_TENANT
from shared.worker_status import KnowledgeStatus

MAX_WORKERS = 100  # listed
_ENDS = ("answered", "second_looks_handed", "words_handed")  # of a message, at a worker


class LiveWorker(msgspec.Struct, frozen=True):
    """A worker: `busy` is the share of the last seconds in which its engine ran, None: unknown.

    `messages_per_second` is what it answered or handed over, past its engine too. `model_away`: it
    leaves its language model alone.
    """

    id: str
    queue: str
    engine: str
    host: str
    started_at: float
    busy: float | None = None
    messages_per_second: float | None = None
    batch_messages: float | None = None
    paused: bool = False
    knowledge_revision: str | None = None
    knowledge_entries: int | None = None
    knowledge_refused: str | None = None
    model_away: bool = False


class LiveStatus(msgspec.Struct, frozen=True):
    """How things stood at `at` (Unix seconds); of many workers the first are listed.

    Queues that have workers are `served` by one that takes messages, or `paused`.
    """

    at: float
    waiting: dict[str, int] = {}
    oldest_seconds: dict[str, float] = {}
    served: list[str] = []
    paused: list[str] = []
    workers: list[LiveWorker] = []
    workers_in_all: int = 0
    handovers_open: int = 0
    handovers_open_since: float | None = None
    dead_letters: int = 0
    cascade: bool = False
    voice: bool = False


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LiveStatus)


def encode(status: LiveStatus) -> bytes:
    """Return a status as it is kept."""
    return _encoder.encode(status)


def decode(stored: bytes) -> LiveStatus | None:
    """Read a status; None if another version of Parley wrote it."""
    try:
        return _decoder.decode(stored)
    except msgspec.DecodeError:
        return None


def live_status(now: Observation, work: Sequence[Work], seconds: float) -> LiveStatus:
    """Say who works now, and how much they did in the last `seconds` (0: not known)."""
    served = {worker.queue for worker in now.workers if not worker.paused}
    ordered = sorted(work, key=lambda each: (each.status.queue, each.status.id))
    return LiveStatus(
        at=now.at,
        waiting=dict(now.waiting),
        oldest_seconds={queue: round(age, 1) for queue, age in now.oldest_seconds.items()},
        served=sorted(served),
        paused=sorted({worker.queue for worker in now.workers} - served),
        workers=[_worker(each, seconds) for each in ordered[:MAX_WORKERS]],
        workers_in_all=len(ordered),
        handovers_open=now.handovers.open,
        handovers_open_since=now.handovers.open_since,
        dead_letters=now.dead_letters,
        cascade=any(each.status.counters.get("cascade") for each in work),
        voice=any(each.status.counters.get("voice") for each in work),
    )


def _worker(work: Work, seconds: float) -> LiveWorker:
    status = work.status
    known = seconds > 0 and bool(work.counters)
    messages, batches = work.counted("messages"), work.counted("batches")
    base = _shared_base(status.knowledge)
    return LiveWorker(
        id=status.id,
        queue=status.queue,
        engine=status.engine,
        host=status.host,
        started_at=status.started_at,
        busy=min(1.0, round(work.counted("engine_seconds") / seconds, 3)) if known else None,
        messages_per_second=round(_done(work) / seconds, 2) if known else None,
        batch_messages=round(messages / batches, 1) if batches else None,
        paused=status.paused,
        knowledge_revision=base.revision if base else None,
        knowledge_entries=base.entries if base else None,
        knowledge_refused=_refused(status.knowledge),
        model_away=bool(status.counters.get("llm_open")),
    )


def _done(work: Work) -> float:
    return sum(work.counted(end) for end in _ENDS)


def _shared_base(bases: Sequence[KnowledgeStatus]) -> KnowledgeStatus | None:
    return next((base for base in bases if base.tenant is None), None)


def _refused(bases: Sequence[KnowledgeStatus]) -> str | None:
    """Return whose base was refused, the shared one as the default tenant's."""
    names = [base.tenant or DEFAULT_TENANT for base in bases if base.refused is not None]
    return ", ".join(names[:5]) or None
