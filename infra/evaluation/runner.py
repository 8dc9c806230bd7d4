"""Run one evaluation: read, ask each system, measure, and write the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra.evaluation.page import page
from infra.evaluation.pictures import draw
from infra.evaluation.report import Report, SystemResult, system_report, verdicts
from infra.evaluation.systems import System, open_system
from shared.errors import CommandMisused
from shared.settings import load
from workers.evaluation.bases import Base, read_base
from workers.evaluation.evaluate import Answered, Plan, ask_all
from workers.evaluation.forms import read_set
from workers.evaluation.labelled import LabelledSet
from workers.knowledge.loader import DEMO
from workers.settings import WorkerSettings

Update = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the command was asked to do; `examples` are messages shown a confusion."""

    files: Sequence[Path]
    systems: Sequence[System]
    folder: Path
    base: Path | None = None
    folds: int = 0
    missing: int = 0
    split: str | None = None
    connections: int = 8
    allow_remote: bool = False
    examples: int = 0


def evaluate(request: Request, update: Update) -> tuple[Report, list[Path]]:
    """Return the report and the files that were written. Raises ParleyError."""
    labelled = read_set(request.files, request.split)
    plan = _plan(request)
    results = [_result(request, system, labelled, plan, update) for system in request.systems]
    report = Report(
        made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        files=[str(file) for file in request.files],
        base=_base_words(request, plan.base),
        rows=_rows(results[0].answered),
        notes=_notes(request, plan.base),
        systems=[system_report(result, request.examples) for result in results],
        verdicts=verdicts(results) if len(results) > 1 else [],
    )
    return report, _write(report, request.folder)


def _result(
    request: Request, system: System, labelled: LabelledSet, plan: Plan, update: Update
) -> SystemResult:
    update(f"{system.name}: loading", 0.0)
    over = open_system(system, connections=request.connections, allow_remote=request.allow_remote)
    stage = f"{system.name}: asking"
    answered = ask_all(labelled, plan, over, lambda share: update(stage, share))
    update(f"{system.name}: measuring", 1.0)
    return SystemResult.of(system.name, answered)


def _plan(request: Request) -> Plan:
    remote = any(system.url for system in request.systems)
    if request.folds and request.base:
        raise CommandMisused("--folds makes the base from the file itself: leave out --kb.")
    if request.folds == 1:
        raise CommandMisused("--folds needs two at least.")
    if remote and (request.folds or request.missing):
        raise CommandMisused("A gateway has its own base: --folds and --missing need none.")
    if request.missing and request.folds:
        raise CommandMisused("--missing needs a base of its own: leave out --folds.")
    return Plan(request.folder / "bases", _base(request, remote), request.folds, request.missing)


def _base(request: Request, remote: bool) -> Base | None:
    if request.base:
        return read_base(request.base)
    if request.folds or remote:
        return None
    return read_base(load(WorkerSettings).kb or DEMO)


def _base_words(request: Request, base: Base | None) -> str:
    if request.folds:
        return f"the other {request.folds - 1} of {request.folds} folds"
    if base is None:
        return "the gateway's own"
    named = request.base or load(WorkerSettings).kb or "the demo help centre"
    return f"{named} ({len(base.entries)} entries)"


def _notes(request: Request, base: Base | None) -> list[str]:
    notes = []
    if base and base.doubled:
        notes.append(
            f"{base.doubled} wordings of the base stand in several entries; "
            "each counts for the first one alone."
        )
    if request.missing:
        notes.append(
            "The unanswerable messages include every answerable one, "
            "asked once more of a base without its entry."
        )
    if any(system.url for system in request.systems):
        notes.append("Over HTTP a reply names four entries at most, so the first five are four.")
    return notes


def _rows(answered: Answered) -> dict[str, str]:
    labelled = answered.labelled
    open_ended = sum(not question.gold for question in answered.questions)
    turns = [turn for dialogue in labelled.dialogues for turn in dialogue.turns]
    said = {
        "questions": f"{len(answered.questions) - open_ended:,} answerable, {open_ended:,} not",
        "tones": f"{len(labelled.tones):,}",
        "pairs": f"{len(labelled.pairs):,}",
        "dialogues": f"{len(labelled.dialogues):,} of {len(turns):,} turns, "
        f"{sum(turn.scored for turn in turns):,} of them scored",
    }
    there = {
        "questions": answered.questions,
        "tones": labelled.tones,
        "pairs": labelled.pairs,
        "dialogues": labelled.dialogues,
    }
    return {kind: words for kind, words in said.items() if there[kind]}


def _write(report: Report, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw(report, folder)
    written = [folder / "report.json", folder / "report.html"]
    report.save(written[0])
    written[1].write_text(page(report, pictures), "utf-8")
    return [*written, *pictures]
