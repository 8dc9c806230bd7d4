"""`parley report`: what became of messages, and how variants compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.traffic.report import Report


def report(
    days: Annotated[int, typer.Option(min=1, max=90, help="How many, today included.")] = 7,
    comments: Annotated[
        int, typer.Option(min=0, max=1_000, help="Show the last comments of customers, so many.")
    ] = 0,
    tenant: Annotated[
        str | None, typer.Option(help="Report on one tenant \\[default: all together].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the report \\[default: report in the data folder]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Report response time, re-asks, fallbacks, handovers, resolution, satisfaction and tone.

    Read from Redis, where workers count them; by variant, encoder and entry. The report, its page
    and its pictures are written to the folder.

    [bold]Examples[/]

        parley report --days 30 --comments 20
        parley report --tenant acme --json | jq .groups
    """
    from infra.cli.output import print_json
    from shared.settings import CommonSettings, load

    made = _make(days, comments, tenant)
    written = _write(made, out or load(CommonSettings).data_dir / "report")
    if as_json:
        print_json(made)
    else:
        _show(made, written)


def _make(days: int, comments: int, tenant: str | None) -> "Report":
    from infra.cli.queue_connection import connect_to_partitions
    from infra.traffic.reading import comments_of_all, days_of_all, tenants_of_all, tokens_of_all
    from infra.traffic.report import make_report
    from infra.traffic.voice import spending_of
    from shared.clock import SystemClock
    from shared.settings import load
    from workers.settings import BudgetSettings
    from workers.token_budgets import read_budgets

    partitions, now = connect_to_partitions(), SystemClock().now()
    of_tenants = tenants_of_all(partitions, tenant)
    said = comments_of_all(partitions, comments, of_tenants) if comments else []
    spending = spending_of(
        tokens_of_all(partitions, now, of_tenants),
        read_budgets(load(BudgetSettings).voice_budget_tokens),
    )
    return make_report(days_of_all(partitions, now, days, of_tenants), said, now, spending)


def _write(made: "Report", folder: Path) -> "list[Path]":
    import msgspec

    from infra.traffic.page import page
    from infra.traffic.pictures import draw
    from shared.errors import EvaluationError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = draw(made, folder)
        files = [folder / "report.html", folder / "report.json"]
        files[0].write_text(page(made, pictures), "utf-8")
        files[1].write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    except OSError as error:
        raise EvaluationError(f"{folder} cannot be written: {error.strerror}.") from None
    return files


def _show(made: "Report", written: "Sequence[Path]") -> None:
    from infra.cli.output import console
    from infra.cli.tables import print_tables
    from infra.traffic.tables import tables

    screen = console()
    screen.print(f"{made.first_day} to {made.last_day} (UTC)", highlight=False)
    print_tables(tables(made), screen)
    for verdict in made.verdicts:
        screen.print(f"- {verdict.sentence}", highlight=False, markup=False)
    for note in made.notes:
        screen.print(note, style="yellow", highlight=False, markup=False)
    for each in made.comments:
        screen.print(
            f"{each.score}  {each.comment}  ({each.job_id})", highlight=False, markup=False
        )
    names = ", ".join(str(path) for path in written)
    screen.print(f"Written: {names}", highlight=False, markup=False, soft_wrap=True)
