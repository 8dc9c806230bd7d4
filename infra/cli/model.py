"""`parley model`: build, check and time the encoders."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.cli.distil import distil
from infra.cli.exit_status import ExitStatus

if TYPE_CHECKING:
    from workers.engines.select import Kind
    from workers.modelling.encoder.build import Built
    from workers.modelling.encoder.gate import GateReport, LabelledRow
    from workers.modelling.encoder.weights import Source
    from workers.settings import ModelSettings

app = typer.Typer(help="Build, check and time the model.", no_args_is_help=True)
app.command()(distil)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Folder = Annotated[
    Path | None, typer.Option("--model-dir", help="Model folder \\[default: PARLEY_MODEL_DIR].")
]

EncoderChoice = Literal["small", "large", "both"]
Threads = Annotated[int, typer.Option(min=1, help="Threads of the engine.")]


@app.command()
def build(
    weights: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Weights in Hugging Face BERT layout, 'package' for the distilled ones, or "
            "'original' for the pinned ones without the delta "
            "\\[default: those of the present model, else the package].",
        ),
    ] = None,
    encoder: Annotated[
        EncoderChoice,
        typer.Option(
            help="The small encoder, the large one (fetches 404 MB once, builds for minutes) in a "
            "folder of its own, the small one's name and '-large', or both."
        ),
    ] = "small",
    model_dir: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Turn weights into what the engines run; quick if nothing has changed.

    [bold]Examples[/]

        parley model build
        parley model build --encoder large
    """
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.model import make_large_model, make_model
    from shared.errors import CommandMisused

    if weights and encoder == "large":
        raise CommandMisused(
            "--from DIR names the small encoder's weights; the large one's are fixed."
        )
    settings, screen = _settings(model_dir), progress_console(as_json=as_json)
    made: dict[Path, Built] = {}
    if encoder != "large":
        made[settings.model_folder] = make_model(settings.model_folder, screen, _source(weights))
    if encoder != "small":
        made[settings.large_model_folder] = make_large_model(settings.large_model_folder, screen)
    if as_json:
        found = [
            {"folder": str(folder), "built": built.built, "manifest": built.manifest}
            for folder, built in made.items()
        ]
        print_json(found if encoder == "both" else found[0])
        return
    for folder, built in made.items():
        _show_built(folder, built)


def _show_built(folder: Path, made: "Built") -> None:
    from infra.cli.output import print_done

    size = sum(file.bytes for file in made.manifest.files.values())
    done = "built" if made.built else "up to date"
    print_done(f"{made.manifest.source.name} {done} in {folder} ({size / 1e6:.0f} MB)")


@app.command()
def weights(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
) -> None:
    """Write the weights that are built by default as a folder in Hugging Face layout.

    [bold]Example[/]

        parley model weights student
    """
    from infra.cli.output import print_done
    from workers.modelling.encoder.weights import (
        load_weights,
        packaged_source,
        read_config,
        write_weights,
    )

    source = packaged_source()
    write_weights(source, load_weights(source, read_config(source)), target)
    print_done(f"{source.name} in {target}")


@app.command()
def check(
    model_dir: Folder = None,
    threads: Threads = 1,
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

    screen, folder = progress_console(as_json=as_json), _folder(model_dir)
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


@app.command("crews", hidden=True)  # its former name
@app.command()
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
    with StageProgress(progress_console(as_json=as_json), "Running worker layouts") as progress:
        speeds = measure_scaling(_folder(model_dir), texts, rounds=rounds, progress=progress.update)
    if as_json:
        print_json(speeds)
    else:
        show_scaling(speeds)


@app.command()
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
            _folder(model_dir),
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


def _source(weights: str | None) -> "Source | None":
    from workers.modelling.encoder.weights import named_source

    return None if weights is None else named_source(weights)


def _folder(model_dir: Path | None) -> Path:
    return _settings(model_dir).model_folder


def _settings(model_dir: Path | None) -> "ModelSettings":
    """Return where models are; a setting that no model needs cannot be in the way."""
    from shared.settings import load
    from workers.settings import ModelSettings

    folder = model_dir or load(ModelSettings).model_folder
    return load(ModelSettings, model_dir=folder.expanduser().absolute())
