"""`parley job`: where one job is and what happened to it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from infra.job_trace import Death, JobTrace, StoredResult, ToneTrace
    from infra.message_search import Place, Worker


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the job.")],
    tenant: Annotated[str, typer.Option(help="Tenant it belongs to.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Print where a job is and what happened to it; its message and reply are not shown.

    [bold]Examples[/]

        parley job e99f269e-879a-462e-913c-440b52a54c52
        parley job --tenant acme order-17 --json
    """
    from infra.cli.output import console, print_json
    from infra.cli.queue_connection import connect_to_partitions
    from infra.job_trace import trace_job
    from shared import tenants
    from shared.errors import NotFound
    from shared.settings import CommonSettings, load

    trace = trace_job(
        connect_to_partitions(), tenants.scope(tenant, job_id), load(CommonSettings).queue_lists
    )
    if trace.state == "unknown":
        raise NotFound(_unknown(job_id, whole=trace.whole))
    if as_json:
        print_json(trace)
        return
    for name, value in describe(trace):
        console().print(f"[dim]{name:<12}[/]", end=" ")
        console().print(value, markup=False, highlight=False, soft_wrap=True)


def describe(trace: "JobTrace") -> list[tuple[str, str]]:
    """Return what is known of a job as names and sentences."""
    from shared.tenants import shown

    rows = [
        ("job", shown(trace.job_id)),
        ("state", trace.state),
        ("conversation", shown(trace.conversation_id or "")),
        ("where", _where(trace.place) if trace.place else None),
        ("deliveries", _deliveries(trace)),
        ("waited for", ", ".join(trace.gateways)),
        ("tone", None if trace.result else _tone(trace.tone)),
        ("result", _result(trace.result) if trace.result else None),
        ("trace", trace.trace_id),
        ("dead letter", _death(trace.dead_letter) if trace.dead_letter else None),
        ("note", None if trace.whole else "a list is longer than this command searches"),
    ]
    return [(name, value) for name, value in rows if value]


def _unknown(job_id: str, *, whole: bool) -> str:
    if not whole:
        return (
            f"Job {job_id} was not found, but a list is longer than this command searches: "
            "it may wait further back."
        )
    return (
        f"No job {job_id} is known: it was never accepted here, or its result has expired "
        "(PARLEY_RESULT_TTL_SECONDS)."
    )


def _where(place: "Place") -> str:
    from shared.tenants import shown

    if place.kind == "lane":
        holder = shown(place.lane_holder) if place.lane_holder else "no running job"
        return (
            f"parked in its conversation behind {holder} "
            f"and {(place.position or 1) - 1} other parked jobs"
        )
    if place.due_at is not None:
        return f"waits until {_time(place.due_at)}, when it is due"
    by_worker = f" {_worker(place.worker)}" if place.worker else ""
    if place.kind == "lease":
        return f"leased by{by_worker}"
    lists = {
        "queue": f"waits on queue {shown(place.key)!r}",
        "quarantine": "waits in quarantine, since workers died with it,",
        "handoff": f"handed to{by_worker}",
    }
    return f"{lists[place.kind]} at position {place.position} of {place.waiting}"


def _worker(worker: "Worker") -> str:
    if not worker.alive:
        return f"worker {worker.id}, which is dead; another worker will take its messages back"
    return f"worker {worker.id}, which is alive (pid {worker.pid} on {worker.host})"


def _deliveries(trace: "JobTrace") -> str | None:
    if not trace.deliveries:
        return None
    lost = f"; {trace.redeliveries} ended with a dead worker" if trace.redeliveries else ""
    return f"{trace.deliveries}{lost}"


def _tone(tone: "ToneTrace") -> str:
    if tone.known:
        return f"known: {tone.known.label} ({tone.known.score:.2f})"
    if tone.dead_letter:
        return f"dead letter: {_death(tone.dead_letter)}"
    waiting = "; a worker waits for it" if tone.wanted else ""
    place = "comes when a worker has read the message" if tone.due else "is in no list"
    return f"unknown; its task {_where(tone.place) if tone.place else place}{waiting}"


def _result(result: "StoredResult") -> str:
    error = f": {result.error}" if result.error else ""
    return f"{result.state}{error} (kept for {result.ttl_seconds} s more)"


def _death(death: "Death") -> str:
    return f"{death.reason} ({_time(death.at)})"


def _time(unix_seconds: float) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
