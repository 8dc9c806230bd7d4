"""Run one evaluation of the voice: ask, have a model speak, judge, and write the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from infra.evaluation.voice.asking import Asking, Drafted
from infra.evaluation.voice.page import page
from infra.evaluation.voice.questions import QUESTIONS, Asked, check_entries, read_asked
from infra.evaluation.voice.report import VoiceReport, make_report
from infra.evaluation.voice.trials import (
    Trial,
    by_hand,
    planted_lies,
    true_shown,
    try_lies,
    try_model,
)
from shared.clock import SystemClock
from shared.errors import CommandMisused
from shared.settings import load
from workers.evaluation.bases import read_base
from workers.knowledge.loader import DEMO
from workers.settings import WorkerSettings
from workers.voice.brief import Source
from workers.voice.openai_model import open_model

Update = Callable[[str, float], None]

_NO_SERVER = "http://127.0.0.1:1/v1"  # never asked: where one is set, replies bring a brief
_UNHURRIED_SECONDS = 60.0  # a model that lies is not judged by its pace


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """What the command was asked to do; `lies`: so many of each kind about each question."""

    files: Sequence[Path]
    folder: Path
    base: Path | None = None
    lies: int = 0
    at_once: int = 8


def evaluate_voice(request: VoiceRequest, update: Update) -> tuple[VoiceReport, list[Path]]:
    """Return the report and the files that were written. Raises ParleyError."""
    settings = _settings(request)
    asked = read_asked(request.files or [QUESTIONS])
    base = read_base(request.base or settings.kb or DEMO)
    sources = {entry.id: Source(entry.id, entry.question, entry.answer) for entry in base.entries}
    check_entries(asked, sources)
    update("loading", 0.0)
    asking = Asking.load(settings, base)
    drafted = asking.draft(
        asked.questions, request.folder / "bases", lambda share: update("asking", share)
    )
    trial = _Trials(request, settings, asking, update)
    trials, shown = trial.of_lies(asked, drafted, sources) if _lies(request, asked) else (
        trial.of_model(drafted), None
    )
    report = make_report(
        trials,
        shown,
        made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        files=[str(file) for file in request.files] or ["the 100 questions over the demo base"],
        base=f"{request.base or settings.kb or 'the demo help centre'} ({len(sources)} entries)",
        model="one that lies" if _lies(request, asked) else _model_name(settings),
    )
    return report, _write(report, request.folder)
