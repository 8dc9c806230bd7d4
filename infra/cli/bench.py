"""`parley bench`: measure Parley versus simpler designs on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.bench.report import Report


_PACKAGES = ("locust", "matplotlib", "psutil")


def bench(
    systems: Annotated[
        str | None,
        typer.Option(
            help="Any of parley, tutorial, stock, mosec, echo, ideal (unset: these), no-monitoring "
            "(no events, no Flower), small (no second looks), guarded (keys and limits), queue "
            "(alone), scale-1, -2, -4, -8 (sleeping engines); separated by commas."
        ),
    ] = None,
    concurrency: Annotated[
        str | None, typer.Option(help="Users of the closed loops; unset: 1,32,256,1000.")
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(help="Arrivals a second for Parley, or none; unset: shares of its best."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of each measurement.")] = 10.0,
    messages: Annotated[
        Path | None,
        typer.Option(
            envvar="PARLEY_BENCH_MESSAGES",
            help="JSON lines with a field text; unset: the demo base's phrasings.",
        ),
    ] = None,
    caches: Annotated[
        bool, typer.Option("--caches", help="Leave caches of repeated phrases on.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only show that it works; the figures mean nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure throughput, latency and cost of Parley versus simpler designs.

    Closed loop: a number of users, each asks again once answered. Open loop: arrivals at a rate.

    The report, its tables and pictures go to bench/ in the data folder.

    [bold]Examples[/]

        parley bench --quick
        parley bench --systems parley,stock --concurrency 1,32
    """
    from infra.cli.checkout import require_checkout

    require_checkout("bench", *_PACKAGES)
    from infra.bench.plan import CONCURRENCY, SYSTEMS, BenchPlan, quick_plan, systems_named
    from infra.bench.runner import run_bench
    from infra.cli.output import print_json, progress_console

    chosen = systems_named(systems) if systems else SYSTEMS
    plan = BenchPlan(
        systems=chosen,
        concurrency=tuple(map(int, _numbers(concurrency, "--concurrency"))) or CONCURRENCY,
        rates=() if rates == "none" else _numbers(rates, "--rates") or None,
        seconds=seconds,
        messages=messages,
        caches=caches,
    )
    if quick:
        plan = quick_plan(chosen, messages)
    report, folder = run_bench(plan, progress_console(as_json=as_json))
    if as_json:
        print_json(report)
    else:
        _show(report, folder)


def _numbers(text: str | None, option: str) -> tuple[float, ...]:
    from shared.errors import CommandMisused

    try:
        return tuple(float(number) for number in text.split(",")) if text else ()
    except ValueError:
        raise CommandMisused(f"{option} takes numbers separated by commas, not {text!r}") from None


def _show(report: "Report", folder: Path) -> None:
    from infra.bench.tables import notes, tables
    from infra.cli.output import console
    from infra.cli.tables import print_tables
    from infra.supervisor.terminal import short_path

    screen = console()
    print_tables(tables(report), screen)
    for note in notes(report):
        screen.print(note, style="yellow", highlight=False, markup=False)
    screen.print(f"Report, tables and pictures: {short_path(folder)}", highlight=False)
