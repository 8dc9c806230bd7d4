"""`parley model distil`: teach a small encoder on a team's own texts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from workers.modelling.encoder.distil import Distillation, Distilled, Estimate
    from workers.modelling.encoder.distil_student import Recipe
    from workers.modelling.encoder.distil_texts import Split


def distil(
    texts: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="Messages of your users: a text a line, or JSON lines of `text`. May be repeated.",
        ),
    ],
    teacher: Annotated[
        str,
        typer.Option(metavar="large|small|DIR", help="The built model whose judgement is learnt."),
    ] = "large",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the student \\[default: student in PARLEY_DATA_DIR]."),
    ] = None,
    weights: Annotated[
        str, typer.Option("--from", metavar="DIR", help="Weights that the student begins with.")
    ] = "package",
    kb: Annotated[
        Path | None,
        typer.Option(help="Base that judges the student \\[default: PARLEY_KB, else the demo]."),
    ] = None,
    weight: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The student's share in the average with its start."),
    ] = 0.75,
    passes: Annotated[float, typer.Option(min=0.1, help="How often each text is read.")] = 6.0,
    batch: Annotated[int, typer.Option(min=8, help="Texts that are compared at a time.")] = 256,
    threads: Annotated[int, typer.Option(min=0, help="Threads \\[default: all].")] = 0,
    as_json: AsJson = False,
) -> None:
    """Teach the small encoder what a larger one finds alike; no labels are needed.

    A fifth of the knowledge base's wordings is set aside; a student that finds fewer of them than
    the weights it began with is not written (exit status 1). A run that was cut off goes on where
    it was if it is called with the same texts. `parley model build --from DIR` builds the result.

    [bold]Example[/]

        parley model distil --texts messages.txt
    """
    from infra.cli.output import print_json, progress_console
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress
    from workers.modelling.encoder.distil_texts import read_texts

    messages = read_texts(texts)
    base, folders = _base(kb), _folders(teacher, out)
    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Distilling") as progress:
        progress.update("loading TensorFlow", 0.0)
        threads = threads or os.cpu_count() or 1
        recipe = _recipe(threads, weight, passes, batch)
        distillation = _distillation(weights, messages, base, folders, recipe, threads)
        progress.update("measuring", 0.0)
        _show_estimate(screen, distillation.estimate())
        distilled = distillation.run(progress.update)
    if as_json:
        print_json(distilled)
    else:
        _show(distilled)


@dataclass(frozen=True, slots=True)
class _Folders:
    teacher: Path
    student: Path


def _folders(teacher: str, out: Path | None) -> _Folders:
    """Return the folders of teacher and student; ModelError if the teacher is not built."""
    from shared.settings import load
    from workers.engines.manifest import read_manifest
    from workers.settings import ModelSettings

    settings = load(ModelSettings)
    named = {"small": settings.model_folder, "large": settings.large_model_folder}
    found = named.get(teacher) or Path(teacher)
    read_manifest(found)
    return _Folders(found, out or settings.data_dir / "student")


def _base(kb: Path | None) -> "Split":
    from infra.cli.model_rows import rows_of_base
    from shared.settings import load
    from workers.knowledge.loader import DEMO
    from workers.modelling.encoder.distil_texts import split_base
    from workers.settings import WorkerSettings

    return split_base(rows_of_base(kb or load(WorkerSettings).kb or DEMO))


def _recipe(threads: int, weight: float, passes: float, batch: int) -> "Recipe":
    from workers.engines.tensorflow import load_tensorflow

    load_tensorflow(threads)  # threads can be set before the first graph alone
    from workers.modelling.encoder.distil_student import Recipe

    return Recipe(batch_size=batch, passes=passes, weight=weight)


def _distillation(
    weights: str,
    texts: list[str],
    base: "Split",
    folders: _Folders,
    recipe: "Recipe",
    threads: int,
) -> "Distillation":
    from workers.modelling.encoder.distil import Distillation
    from workers.modelling.encoder.distil_teacher import open_teacher
    from workers.modelling.encoder.weights import named_source

    teacher = open_teacher(folders.teacher, threads)
    return Distillation(named_source(weights), teacher, texts, base, folders.student, recipe)


def _show_estimate(screen: "Console", estimate: "Estimate") -> None:
    from workers.modelling.encoder.distil import duration

    screen.print(
        f"  {estimate.texts:,} texts: about {duration(estimate.teacher_seconds)} for the teacher "
        f"and {duration(estimate.student_seconds)} for {estimate.steps:,} steps of the student; "
        "a run that is cut off goes on where it was",
        highlight=False,
        soft_wrap=True,
    )


def _show(distilled: "Distilled") -> None:
    from infra.cli.output import print_done

    print_done(
        f"{distilled.texts:,} texts → {distilled.folder}; of {distilled.asked} "
        f"wordings set aside {distilled.found_after} find their entry, before "
        f"{distilled.found_before}. "
        f"Build it with: parley model build --from {distilled.folder}"
    )
