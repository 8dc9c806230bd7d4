"""`parley evaluate`: how well a labelled set is answered, and whether another system is better."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.evaluation.report import Report
    from infra.evaluation.runner import Request
    from infra.evaluation.systems import System
    from infra.evaluation.voice.runner import VoiceRequest


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…",
            help="Labelled JSON lines, YAML or JSON; with --voice, questions and what a right "
            "reply holds \\[default: 100 over the demo].",
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--kb",
            metavar="BASE",
            help="Knowledge base: Parley's form, rows of id, question and answer, or labelled "
            "messages \\[default: PARLEY_KB, else the demo].",
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(min=0, max=20, help="Cross-validate: the file's other folds are the base."),
    ] = 0,
    missing: Annotated[
        int,
        typer.Option(
            min=0,
            max=50,
            help="Ask all once more, without their entry, in so many parts of the base.",
        ),
    ] = 0,
    split: Annotated[str | None, typer.Option(help="Only rows whose field split is this.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="small, large or cascade \\[default: PARLEY_ENCODER].")
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="bert or tfidf \\[default: PARLEY_VARIANT].")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYSTEM",
            help="Evaluate another beside it: an encoder, a variant, both (large/tfidf), or a URL. "
            "May be given several times.",
        ),
    ] = None,
    through: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a running gateway, not this process.")
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, max=256, help="Conversations at a time through a gateway.")
    ] = 8,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the gateway be on another machine.")
    ] = False,
    voice: Annotated[
        bool,
        typer.Option(
            "--voice",
            help="Have the language model of PARLEY_LLM_URL word replies, and judge them.",
        ),
    ] = False,
    lies: Annotated[
        int,
        typer.Option(
            min=0,
            max=20,
            help="With --voice: have a model lie instead, so often of each kind a question.",
        ),
    ] = 0,
    examples: Annotated[
        int, typer.Option(min=0, help="Messages to show for each confusion, in the report alone.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the report \\[default: evaluate in the data folder]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure how labelled messages, tones, pairs or dialogues are answered.

    Everything runs in this process through what serves, or with --through over HTTP.

    The report, its page and its pictures are written to the folder; messages only with --examples.

    [bold]Examples[/]

        parley evaluate messages.jsonl --kb faq.yaml
        parley evaluate messages.jsonl --encoder small --compare large
        parley evaluate --voice --lies 1
    """
    from infra.evaluation.runner import Request
    from infra.evaluation.voice.runner import VoiceRequest
    from shared.errors import CommandMisused

    folder = out or _data_folder() / "evaluate"
    if voice:
        if compare or through or folds or missing or split:
            raise CommandMisused("--voice asks one base in this process, and whole files alone.")
        (system,) = _systems(encoder, variant, None, [])
        asked = VoiceRequest(files or [], folder, base, system, lies, connections)
        _evaluate_voice(asked, as_json=as_json)
        return
    if not files:
        raise CommandMisused("Name a labelled file, or ask for --voice.")
    if lies:
        raise CommandMisused("--lies are told with --voice alone.")
    request = Request(
        files=files,
        systems=_systems(encoder, variant, through, compare or []),
        folder=folder,
        base=base,
        folds=folds,
        missing=missing,
        split=split,
        connections=connections,
        allow_remote=allow_remote,
        examples=examples,
    )
    _evaluate_answers(request, as_json=as_json)


def _evaluate_answers(request: "Request", *, as_json: bool) -> None:
    from infra.cli.output import print_json, progress_console
    from infra.evaluation.runner import evaluate as run
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Evaluating") as progress:
        report, written = run(request, progress.update)
    if as_json:
        print_json(report)
    else:
        _show(report, written)


def _evaluate_voice(request: "VoiceRequest", *, as_json: bool) -> None:
    from infra.cli.output import print_json, progress_console
    from infra.cli.voice_report import show_voice
    from infra.evaluation.voice.runner import evaluate_voice
    from infra.supervisor.native_stderr import suppress_native_stderr
    from infra.supervisor.progress import StageProgress

    screen = progress_console(as_json=as_json)
    with suppress_native_stderr(), StageProgress(screen, "Evaluating") as progress:
        report, written = evaluate_voice(request, progress.update)
    if as_json:
        print_json(report)
    else:
        show_voice(report, written)


def _systems(
    encoder: str | None, variant: str | None, through: str | None, others: "Sequence[str]"
) -> "list[System]":
    from infra.evaluation.systems import System, system_named
    from shared.errors import CommandMisused

    chosen = "/".join(part for part in (encoder, variant) if part)
    if through and chosen:
        raise CommandMisused("A gateway has its own encoder and variant: leave them out.")
    named = through or chosen
    first = system_named(named) if named else System("this")
    systems = [first, *map(system_named, others)]
    if len({system.name for system in systems}) < len(systems):
        raise CommandMisused("A system cannot be compared with itself.")
    return systems


def _data_folder() -> Path:
    from shared.settings import CommonSettings, load

    return load(CommonSettings).data_dir


def _show(report: "Report", written: "Sequence[Path]") -> None:
    from infra.cli.output import console
    from infra.cli.tables import print_tables
    from infra.evaluation.tables import tables

    screen = console()
    screen.print(f"Knowledge base: {report.base}", highlight=False, markup=False)
    # Three with their intervals are wider than a terminal; the page has them all.
    print_tables(tables(report, intervals=len(report.systems) < 3), screen)
    for verdict in report.verdicts:
        screen.print(
            f"- {verdict.comparison.sentence}", highlight=False, markup=False, soft_wrap=True
        )
    for note in report.notes:
        screen.print(note, style="yellow", highlight=False, markup=False)
    names = ", ".join(str(path) for path in written)
    screen.print(f"Written: {names}", highlight=False, markup=False, soft_wrap=True)
