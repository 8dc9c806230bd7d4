"""What `parley top` shows, worked out from readings: plain values, also for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.top.reading import Reading, Span
from shared import keys

_ANSWERING = (keys.INFERENCE, keys.INFERENCE_LARGE, keys.GENERATION)
_STAGES = ("queue", "prepare", "engine", "compose", "total")
_SHARES = (0.5, 0.95, 0.99)
_TOO_OLD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue; `answered_per_second` is of its workers together, None if not known yet."""

    name: str
    waiting: int
    oldest_seconds: float
    work_seconds: float
    answered_per_second: float | None
    workers: int


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One live worker; None: not known yet, or an older worker does not say."""

    id: str
    queue: str
    engine: str
    encoder: str
    busy_share: float | None
    messages_per_second: float | None
    batch_messages: float | None
    memory_bytes: float | None
    is_paused: bool


@dataclass(frozen=True, slots=True)
class StageView:
    """How long a stage of an answer takes, in seconds."""

    name: str
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


@dataclass(frozen=True, slots=True)
class TopView:
    """All of it at one moment. `faults` are sentences about what keeps messages from an answer."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    queues: tuple[QueueView, ...]
    workers: tuple[WorkerView, ...]
    stages: tuple[StageView, ...]
    stages_of_seconds: float | None
    kinds_today: dict[str, int]
    handovers_open: int
    handovers_open_seconds: float
    handovers_claimed: int
    dead_letters: int | None


def view(recent: Span, window: Span) -> TopView:
    """Return what two spans with the same end show: rates of one, times of the other.

    If nothing was answered within the window, times are those since the workers began.
    """
    now = recent.later
    queues, workers = tuple(_queues(recent)), tuple(_workers(recent))
    stages, since = tuple(_stages(window)), window.seconds or None
    if not stages:
        stages, since = tuple(_stages(Span(None, now))), None
    dead_letters = now.first("parley_dead_letters_kept")
    return TopView(
        faults=tuple(_faults(now, queues)),
        warnings=tuple(_warnings(now, queues, workers)),
        queues=queues,
        workers=workers,
        stages=stages,
        stages_of_seconds=since,
        kinds_today={kind: round(n) for kind, n in now.by("parley_replies_total", "kind").items()},
        handovers_open=round(now.total("parley_handovers", state="open")),
        handovers_open_seconds=now.total("parley_handover_oldest_seconds", state="open"),
        handovers_claimed=round(now.total("parley_handovers", state="claimed")),
        dead_letters=None if dead_letters is None else round(dead_letters),
    )


def _queues(span: Span) -> Iterator[QueueView]:
    now = span.later
    waiting = now.by("parley_queue_messages", "queue")
    for queue in keys.QUEUES:
        workers = len(list(now.rows("parley_worker_up", queue=queue)))
        if queue not in waiting or (queue not in keys.NEEDED_QUEUES and not workers):
            continue
        yield QueueView(
            name=queue,
            waiting=round(waiting[queue]),
            oldest_seconds=now.total("parley_queue_oldest_seconds", queue=queue),
            work_seconds=now.total("parley_queue_work_seconds", queue=queue),
            answered_per_second=span.rate("parley_worker_answered_total", queue=queue),
            workers=workers,
        )


def _workers(span: Span) -> Iterator[WorkerView]:
    now = span.later
    for labels, _ in sorted(now.rows("parley_worker_up"), key=_by_queue):
        one = {"worker": labels["worker"]}
        batches = span.growth("parley_worker_batches_total", **one)
        messages = span.growth("parley_worker_messages_total", **one)
        busy = span.rate("parley_worker_engine_busy_seconds_total", **one)
        # A language model's server forms batches of its own.
        forms_batches = batches > 0 and labels["queue"] != keys.GENERATION
        yield WorkerView(
            id=labels["worker"],
            queue=labels["queue"],
            engine=labels["engine"],
            encoder=_encoder(now, labels),
            busy_share=None if busy is None else min(1.0, busy),
            messages_per_second=span.rate("parley_worker_answered_total", **one),
            batch_messages=messages / batches if forms_batches and span.earlier else None,
            memory_bytes=now.first("parley_worker_process_resident_memory_bytes", **one),
            is_paused=bool(now.total("parley_worker_paused", **one)),
        )


def _encoder(now: Reading, labels: Mapping[str, str]) -> str:
    """Return which encoder a worker runs, as far as its queue says; else nothing."""
    if labels["queue"] == keys.INFERENCE_LARGE:
        return "large"
    cascade = now.total("parley_worker_cascade", worker=labels["worker"])
    return "small" if cascade else ""


def _by_queue(row: tuple[dict[str, str], float]) -> tuple[int, str]:
    labels = row[0]
    known = labels["queue"] in keys.QUEUES
    return (keys.QUEUES.index(labels["queue"]) if known else len(keys.QUEUES), labels["worker"])


def _stages(span: Span) -> Iterator[StageView]:
    for stage in _STAGES:
        of_answers = [{"stage": stage, "queue": queue} for queue in _ANSWERING]
        found = span.quantiles("parley_stage_seconds", _SHARES, of_answers)
        if found:
            yield StageView(stage, *found)


def _faults(now: Reading, queues: Sequence[QueueView]) -> Iterator[str]:
    if now.first("parley_redis_up") == 0:
        yield "Redis does not answer the gateway: no message is accepted."
        return
    if not now.has("parley_redis_up"):
        yield "This key shows its tenant's figures alone: take one of the tenant default."
        return
    for queue in queues:
        if queue.name in keys.NEEDED_QUEUES and not queue.workers:
            outcome = "messages wait" if queue.name == keys.INFERENCE else "tones are unknown"
            yield f"No worker serves {queue.name}: {outcome}."


def _warnings(
    now: Reading, queues: Sequence[QueueView], workers: Sequence[WorkerView]
) -> Iterator[str]:
    for queue in queues:
        if queue.name != keys.SENTIMENT and queue.oldest_seconds > _TOO_OLD_SECONDS:
            yield f"The oldest message of {queue.name} waits {queue.oldest_seconds:.0f} s."
    paused = [worker.id for worker in workers if worker.is_paused]
    if paused:
        yield f"Paused: {', '.join(paused)}."
    refused = {
        labels["worker"] for labels, value in now.rows("parley_worker_knowledge_stale") if value
    }
    if refused:
        yield "A changed knowledge base was refused: `parley kb status`."
    yield from _voice_warnings(now)
    foreign = now.total("parley_foreign_messages")
    if foreign:
        yield f"{foreign:.0f} messages lie where no worker looks: `parley doctor`."


def _voice_warnings(now: Reading) -> Iterator[str]:
    words = "the entries' own words go out"
    if (
        now.total("parley_worker_voice")
        and now.first("parley_worker_up", queue=keys.GENERATION) is None
    ):
        yield f"No worker serves {keys.GENERATION}: {words}."
    told = [away for _, away in now.rows("parley_voice_model_away")]
    if told and all(told):
        yield f"The language model is left alone: {words}."
    elif any(told):
        some = f"{sum(told):.0f} of {len(told)} generation workers"
        yield f"{some} leave their language model alone."
