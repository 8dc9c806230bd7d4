"""`parley tone`: train and evaluate the tone classifier."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.cli.tone_reader import ToneReader
    from workers.modelling.tone.evaluation import EvalMetrics
    from workers.tone.emotions import Label

app = typer.Typer(help="Train and evaluate the tone classifier.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="Folder of the public sets.")]
Head = Annotated[
    Path | None, typer.Option("--head", help="Head file \\[default: the one that workers load].")
]


@app.command()
def train(data: Data, head: Head = None, as_json: AsJson = False) -> None:
    """Fit the head on the sets that allow it, write it, and evaluate it on sets it has not seen.

    [bold]Example[/]

        parley tone train --data data
    """
    from infra.cli.output import print_done, print_json, progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.tone.train import train as fit

    target = head or _shipped_head()
    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Training the tone head") as progress:
        report = fit(_reader(), data, target, _prior(), progress=progress.update)
    if as_json:
        print_json(report)
        return
    _show(report.metrics_by_set)
    print_done(f"{report.rows:,} messages → {target} ({report.head_bytes / 1e3:.0f} kB)")


@app.command("judge", hidden=True)  # its former name
@app.command()
def evaluate(data: Data, head: Head = None, as_json: AsJson = False) -> None:
    """Evaluate a head on every set that is there.

    [bold]Example[/]

        parley tone evaluate --data data
    """
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.tone.train import evaluate as evaluate_head

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Evaluating the tone head") as progress:
        metrics_by_set = evaluate_head(
            _reader(), data, head or _shipped_head(), _prior(), progress.update
        )
    if as_json:
        print_json(metrics_by_set)
    else:
        _show(metrics_by_set)


def _show(metrics_by_set: "Mapping[str, EvalMetrics]") -> None:
    from rich.table import Table

    from infra.cli.output import console

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("set", "rows", "macro-F1", "by label", "predicted share"):
        table.add_column(name, justify="right" if name in ("rows", "macro-F1") else "left")
    for name, metrics in metrics_by_set.items():
        f1 = "" if metrics.macro_f1 is None else f"{metrics.macro_f1:.3f}"
        by_label = _figures(metrics.by_label, "{:.2f}")
        table.add_row(name, f"{metrics.rows:,}", f1, by_label, _figures(metrics.shares, "{:.0%}"))
    console().print(table, "")


def _figures(figures: "Mapping[str, float]", form: str) -> str:
    return ", ".join(f"{name} {form.format(figure)}" for name, figure in figures.items())


def _shipped_head() -> Path:
    from workers.tone.classifier import HEAD

    return HEAD


def _reader() -> "ToneReader":
    from infra.cli.tone_reader import ToneReader
    from shared.settings import load
    from workers.settings import WorkerSettings

    return ToneReader.of(load(WorkerSettings))


def _prior() -> "Mapping[Label, float]":
    from shared.settings import load
    from workers.settings import WorkerSettings
    from workers.tone.prior import read_prior

    return read_prior(load(WorkerSettings).tone_prior)
