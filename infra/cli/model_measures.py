"""`parley model check`, `scaling` and `profile`: how right and how fast the engines are."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_status import ExitStatus
from infra.cli.model_folder import Folder, model_settings
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from workers.engines.select import Kind
    from workers.modelling.encoder.gate import GateReport, LabelledRow


def check(
    model_dir: Folder = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the engine.")] = 1,
    rounds: Annotated[int, typer.Option(min=0, help="Timing rounds; 0: none.")] = 10,
    gate: Annotated[
        bool, typer.Option("--gate", help="Choose the engine that PARLEY_ENGINE=auto takes.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Rows of text and label for the gate \\[default: the knowledge base's phrasings].",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare every engine with the reference vectors, and time it on each of its shapes.

    The gate then measures speed on real lengths and 1-NN accuracy: how often the nearest other row
    has a row's label. It refuses an engine that is not 1.2 times as fast as the baseline, fp32, or
    loses more than 0.5 points of accuracy.

    [bold]Examples[/]

        parley model check
        parley model check --gate
    """
    from infra.cli.model_tables import show_check
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from shared.errors import CommandMisused
    from workers.modelling.encoder.check import check_model

    screen, folder = progress_console(as_json=as_json), model_settings(model_dir).model_folder
    if data and not gate:
        raise CommandMisused("--data FILE goes with --gate.")
    rows = _labelled_rows(data) if gate else []
    with suppress_native_stderr(), StageProgress(screen, "Checking the model") as progress:
        report = check_model(folder, threads, 0 if gate else rounds, progress.update)
    if not as_json:
        show_check(report)
    trials = _gate(folder, rows, threads, as_json=as_json) if gate and report.ok else None
    if as_json:
        print_json({"ok": report.ok, **asdict(report), "gate": trials})
    if not report.ok:
        raise typer.Exit(ExitStatus.DEGRADED)


def scaling(
    model_dir: Folder = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Rows of text and label \\[default: the knowledge base's phrasings].",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of half a second for each.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare one worker with one thread, one with two, and two with one; only engines run.

    [bold]Example[/]

        parley model scaling
    """
    from infra.cli.model_tables import show_scaling
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.progress import StageProgress
    from workers.modelling.encoder.scaling import measure_scaling

    texts = [row.text for row in _labelled_rows(data)]
    screen, folder = progress_console(as_json=as_json), model_settings(model_dir).model_folder
    with StageProgress(screen, "Running worker layouts") as progress:
        speeds = measure_scaling(folder, texts, rounds=rounds, progress=progress.update)
    if as_json:
        print_json(speeds)
    else:
        show_scaling(speeds)


def profile(
    model_dir: Folder = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="litert, onnx or tensorflow \\[default: litert].")
    ] = None,
    threads: Annotated[
        list[int] | None, typer.Option(min=1, help="Threads of the engine \\[default: 1 and 2].")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timing rounds.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Time every shape and fit what a token costs: the figures behind shapes and threads.

    [bold]Example[/]

        parley model profile
    """
    from infra.cli.model_tables import show_profile
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.encoder.profile import profile_model

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Timing the model") as progress:
        report = profile_model(
            model_settings(model_dir).model_folder,
            _kinds(engine or ["litert"]),
            threads=threads or (1, 2),
            rounds=rounds,
            progress=progress.update,
        )
    if as_json:
        print_json(report)
    else:
        show_profile(report)


def _kinds(names: Sequence[str]) -> "list[Kind]":
    from shared.errors import CommandMisused

    kinds: dict[str, Kind] = {"litert": "litert", "onnx": "onnx", "tensorflow": "tensorflow"}
    for name in names:
        if name not in kinds:
            raise CommandMisused(f"--engine {name}: only litert, onnx and tensorflow can be timed.")
    return [kinds[name] for name in names]


def _gate(folder: Path, rows: "list[LabelledRow]", threads: int, *, as_json: bool) -> "GateReport":
    from infra.cli.model_tables import show_gate
    from infra.cli.output import progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.encoder.gate import run_gate

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Measuring the engines") as progress:
        report = run_gate(folder, rows, threads, progress=progress.update)
    if not as_json:
        show_gate(report)
    return report


def _labelled_rows(data: Path | None) -> "list[LabelledRow]":
    from infra.cli.model_rows import rows_of_base, rows_of_file
    from shared.settings import load
    from workers.knowledge.loader import DEMO
    from workers.settings import WorkerSettings

    return rows_of_file(data) if data else rows_of_base(load(WorkerSettings).kb or DEMO)
