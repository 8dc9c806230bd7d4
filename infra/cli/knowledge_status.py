"""`parley kb status`: which revision of the knowledge base each worker answers from."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from infra.cli.exit_status import ExitStatus
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.worker_status import KnowledgeStatus, WorkerStatus

_DEFAULT = "(shared)"


def status(as_json: AsJson = False) -> None:
    """Show each worker's bases: revision, entries, since when, and what was refused and why.

    The exit status is 6 if a worker has refused what lies in a base's place now.

    [bold]Example[/]

        parley kb status
    """
    from infra.cli.output import console, print_json
    from infra.cli.queue_connection import connect_to_queue
    from shared.heartbeats import read_heartbeats

    workers = [each for each in read_heartbeats(connect_to_queue()) if each.knowledge]
    if as_json:
        print_json([_values(worker, base) for worker in workers for base in worker.knowledge])
    elif workers:
        _print_table(workers)
    else:
        console().print("No worker that answers has reported in the last seconds.")
    if any(base.refused for worker in workers for base in worker.knowledge):
        raise typer.Exit(ExitStatus.DEGRADED)


def _values(worker: "WorkerStatus", base: "KnowledgeStatus") -> dict[str, object]:
    return {
        "worker": worker.id,
        "queue": worker.queue,
        "tenant": base.tenant,
        "revision": base.revision or None,
        "entries": base.entries,
        "since": base.since or None,
        "refused": base.refused,
        "refused_at": base.refused_at,
    }


def _print_table(workers: "Sequence[WorkerStatus]") -> None:
    from rich.table import Table

    from infra.cli.output import console

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("worker", "base", "revision", "entries", "since (UTC)"):
        table.add_column(column, no_wrap=True, justify="right" if column == "entries" else "left")
    refused: list[tuple[str, str]] = []
    for worker in workers:
        for base in worker.knowledge:
            name = base.tenant or _DEFAULT
            since = _time(base.since) if base.since else "–"
            table.add_row(worker.id, name, base.revision or "none", f"{base.entries:,}", since)
            if base.refused:
                refused.append((f"{worker.id} {name} since {_time(base.refused_at)}", base.refused))
    console().print(table, markup=False, soft_wrap=True)
    for where, fault in refused:
        said = f"refused: {fault} ({where} UTC)"
        console().print(said, style="red", markup=False, highlight=False, soft_wrap=True)


def _time(unix_seconds: float | None) -> str:
    return datetime.fromtimestamp(unix_seconds or 0.0, UTC).strftime("%Y-%m-%d %H:%M:%S")
