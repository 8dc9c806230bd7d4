"""`parley chaos`: kill everything in turn under load, and check that every promise is kept."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.exit_status import ExitStatus

if TYPE_CHECKING:
    from infra.chaos.plan import ChaosPlan

_PACKAGES = ("matplotlib", "psutil")


def chaos(
    seed: Annotated[int, typer.Option(help="Seed from which messages and faults are drawn.")] = 1,
    messages: Annotated[int | None, typer.Option(help="Messages to send; unset: 20,000.")] = None,
    faults: Annotated[int | None, typer.Option(help="Faults to inject; unset: 48.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Time that the messages are spread over; unset: 330.")
    ] = None,
    patience: Annotated[
        float | None, typer.Option(help="Seconds that a client retries a message; unset: 120.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help='Kinds of faults, such as "kill inference,cut"; unset: all.')
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="1,500 messages, each kind of fault once.")
    ] = False,
    voice: Annotated[
        bool,
        typer.Option(
            "--voice",
            help="With a generation worker and a language model server that lies, is late and "
            "breaks off: both are hit as well.",
        ),
    ] = False,
    planted_bug: Annotated[
        bool,
        typer.Option(
            "--planted-bug", help="Let workers acknowledge early: the campaign must find it."
        ),
    ] = False,
    cluster: Annotated[
        bool,
        typer.Option(
            "--cluster",
            help="On a Redis Cluster of three masters and three replicas: kill and freeze "
            "masters, move slots. PARLEY_REPLICA_ACKS counts.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Inject faults under load, then compare what clients received with what is stored.

    Exit status 6 if anything accepted was lost, doubled, out of order or otherwise wrong.
    Ledger, report, logs and picture go to chaos/ in the data folder.

    [bold]Examples[/]

        parley chaos --quick
        parley chaos --quick --voice
        parley chaos --seed 7 --only "kill inference,cut"
    """
    from infra.cli.checkout import require_checkout

    require_checkout("chaos", *_PACKAGES)
    import dataclasses

    from infra.chaos.plan import ChaosPlan, quick_plan, specs_named, with_voice

    specs = specs_named(only, voice=voice) if only and not cluster else None
    chosen: dict[str, Any] = {
        "messages": messages,
        "faults": faults,
        "seconds": seconds,
        "timeout_seconds": patience,
        "specs": specs,
    }
    plan = quick_plan(seed, voice=voice) if quick else ChaosPlan(seed)
    plan = dataclasses.replace(
        with_voice(plan) if voice else plan,
        planted_bug=planted_bug,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    if cluster:
        _run_on_cluster(plan, only, as_json=as_json)
    else:
        _run(plan, as_json=as_json)


def _run(plan: "ChaosPlan", *, as_json: bool) -> None:
    from infra.chaos.report import tables
    from infra.chaos.runner import run_chaos
    from infra.cli.output import console, print_json, progress_console
    from infra.cli.tables import print_tables
    from infra.supervisor.terminal import short_path

    report, folder = run_chaos(plan, progress_console(as_json=as_json))
    if as_json:
        print_json(report)
    else:
        print_tables(tables(report), console())
        console().print(f"Report, ledger and picture: {short_path(folder)}", highlight=False)
    if not report.verdict.good:
        raise typer.Exit(ExitStatus.DEGRADED)


def _run_on_cluster(plan: "ChaosPlan", only: str | None, *, as_json: bool) -> None:
    from infra.chaos.cluster_campaign import run_cluster_chaos
    from infra.chaos.cluster_faults import kinds_named
    from infra.chaos.cluster_report import cluster_tables
    from infra.cli.output import console, print_json, progress_console
    from infra.cli.tables import print_tables
    from infra.supervisor.terminal import short_path
    from shared.settings import CommonSettings, load

    acks = load(CommonSettings).replica_acks
    report, folder = run_cluster_chaos(
        plan, acks, kinds_named(only), progress_console(as_json=as_json)
    )
    if as_json:
        print_json(report)
    else:
        print_tables(cluster_tables(report), console())
        console().print(f"Report and ledger: {short_path(folder)}", highlight=False)
    if not report.is_good:
        raise typer.Exit(ExitStatus.DEGRADED)
