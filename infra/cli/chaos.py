"""`parley chaos`: kill everything in turn under load, and see whether every promise is kept."""

from typing import Annotated, Any

import typer

_NEEDED = ("matplotlib", "psutil")


def chaos(
    seed: Annotated[int, typer.Option(help="What draws messages and faults.")] = 1,
    messages: Annotated[int | None, typer.Option(help="Messages to send; unset: 20,000.")] = None,
    faults: Annotated[int | None, typer.Option(help="Faults that strike; unset: 48.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Time that the messages are spread over; unset: 330.")
    ] = None,
    patience: Annotated[
        float | None, typer.Option(help="Seconds that a client insists on a message; unset: 120.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help='Kinds of faults, such as "kill inference,cut"; unset: all.')
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="1,500 messages, each kind of fault once.")
    ] = False,
    planted_bug: Annotated[
        bool,
        typer.Option(
            "--planted-bug", help="Let workers acknowledge early: the campaign must see it."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Let faults strike a system under load, then hold what clients were told against what is kept.

    Exit status 1 where anything accepted was lost, doubled, out of order or otherwise wrong.
    Ledger, report, logs and picture go to chaos/ in the data folder.
    """
    from infra.cli.sheets import print_sheets, require

    require("chaos", *_NEEDED)
    import dataclasses

    from infra.chaos.plan import ChaosPlan, cards_named, quick_plan
    from infra.chaos.report import sheets
    from infra.chaos.runner import run_chaos
    from infra.cli.output import console, print_json, progress_console
    from infra.stack.terminal import short_path

    cards = cards_named(only) if only else None
    chosen: dict[str, Any] = {
        "messages": messages,
        "faults": faults,
        "seconds": seconds,
        "patience_seconds": patience,
        "cards": cards,
    }
    plan = dataclasses.replace(
        quick_plan(seed) if quick else ChaosPlan(seed),
        planted_bug=planted_bug,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    report, folder = run_chaos(plan, progress_console(as_json=as_json))
    if as_json:
        print_json(report)
    else:
        print_sheets(sheets(report), console())
        console().print(f"Report, ledger and picture: {short_path(folder)}", highlight=False)
    if not report.verdict.good:
        raise typer.Exit(1)
