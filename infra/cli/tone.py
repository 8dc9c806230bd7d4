"""`parley tone`: train and judge the classifier of tones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.cli.tone_reader import ToneReader
    from workers.modelling.tone.evaluation import Verdict

app = typer.Typer(help="Train and judge the classifier of tones.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the public sets.")]
Head = Annotated[
    Path | None, typer.Option("--head", help="Head file [default: the one that workers load].")
]


@app.command()
def train(data: Data, head: Head = None, as_json: AsJson = False) -> None:
    """Fit the head on the sets that allow it, write it, and judge it on sets it has not seen."""
    from infra.cli.output import console, print_json, progress_console, suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.tone.train import train as fit

    target = head or _shipped_head()
    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Training the tone head") as progress:
        report = fit(_reader(), data, target, progress=progress.update)
    if as_json:
        print_json(report)
        return
    _show(report.verdicts)
    console().print(
        f"[green]✓[/] {report.rows:,} messages → {target} ({report.head_bytes / 1e3:.0f} kB)",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def judge(data: Data, head: Head = None, as_json: AsJson = False) -> None:
    """Judge a head on every set that is there."""
    from infra.cli.output import print_json, progress_console, suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.tone.train import evaluate

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Judging the tone head") as progress:
        verdicts = evaluate(_reader(), data, head or _shipped_head(), progress.update)
    if as_json:
        print_json(verdicts)
    else:
        _show(verdicts)


def _show(verdicts: "Mapping[str, Verdict]") -> None:
    from rich.table import Table

    from infra.cli.output import console

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("set", "rows", "macro-F1", "by label", "share given"):
        table.add_column(name, justify="right" if name in ("rows", "macro-F1") else "left")
    for name, verdict in verdicts.items():
        f1 = "" if verdict.macro_f1 is None else f"{verdict.macro_f1:.3f}"
        by_label = _figures(verdict.by_label, "{:.2f}")
        table.add_row(name, f"{verdict.rows:,}", f1, by_label, _figures(verdict.shares, "{:.0%}"))
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
