"""Run one evaluation of the voice: ask, have a model speak, judge, and write the report."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from infra.evaluation.systems import System, overrides
from infra.evaluation.voice.asking import Asking, Drafted
from infra.evaluation.voice.outcomes import Share, Trial
from infra.evaluation.voice.page import page
from infra.evaluation.voice.questions import QUESTIONS, check_entries, read_asked
from infra.evaluation.voice.report import About, VoiceReport, make_report
from infra.evaluation.voice.trials import (
    by_hand,
    planted_lies,
    try_lies,
    try_model,
    try_truths,
)
from shared.clock import SystemClock
from shared.errors import CommandMisused
from shared.settings import load
from workers.evaluation.bases import read_base
from workers.evaluation.observation import Progress
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
    system: System = field(default_factory=lambda: System("this"))
    lies: int = 0
    at_once: int = 8


def evaluate_voice(request: VoiceRequest, update: Update) -> tuple[VoiceReport, list[Path]]:
    """Return the report and the files that were written. Raises ParleyError."""
    asked = read_asked(request.files or [QUESTIONS])
    told = bool(request.lies or asked.lies or asked.truths)
    settings = _settings(overrides(request.system), lying=told)
    base = read_base(request.base or settings.kb or DEMO)
    sources = {entry.id: Source(entry.id, entry.question, entry.answer) for entry in base.entries}
    check_entries(asked, sources)
    update("loading", 0.0)
    asking = Asking.load(settings, base)
    drafted = asking.draft(asked.questions, request.folder / "bases", partial(update, "asking"))
    shown: Mapping[str, Share] | None = None
    if told:
        planted = [
            *by_hand(asked.lies, sources),
            *planted_lies(drafted, list(sources.values()), request.lies),
        ]
        speak = partial(asking.speak, seconds=_UNHURRIED_SECONDS)
        trials = try_lies(drafted, planted, speak, partial(update, "lying"))
        shown = try_truths(drafted, asked.truths, sources, speak)
    else:
        trials = _spoken(asking, settings, drafted, request.at_once, partial(update, "speaking"))
    about = About(
        made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        files=[str(file) for file in request.files] or ["the 100 questions over the demo base"],
        base=f"{request.base or settings.kb or 'the demo help centre'} ({len(sources)} entries)",
        model="one that lies" if told else f"{settings.llm_model or settings.llm_address}",
    )
    report = make_report(about, trials, shown)
    return report, _write(report, request.folder)


def _settings(chosen: Mapping[str, str], *, lying: bool) -> WorkerSettings:
    if lying:
        return load(WorkerSettings, llm_url=_NO_SERVER, **chosen)
    settings = load(WorkerSettings, **chosen)
    if not settings.has_voice:
        raise CommandMisused(
            "PARLEY_LLM_URL is not set, so that no model speaks; add --lies to try one that lies."
        )
    return settings


def _spoken(
    asking: Asking,
    settings: WorkerSettings,
    drafted: Sequence[Drafted],
    at_once: int,
    progress: Progress,
) -> list[Trial]:
    speak = partial(asking.speak, seconds=settings.voice_target_seconds)
    with closing(open_model(settings, SystemClock())) as model:
        return try_model(drafted, model, speak, at_once, progress)


def _write(report: VoiceReport, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "voice.json", folder / "voice.html"]
    report.save(written[0])
    written[1].write_text(page(report), "utf-8")
    return written
