"""Run one evaluation of the voice: ask, have the model speak, judge, and write the report."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from infra.evaluation.voice.asking import Asking, Drafted
from infra.evaluation.voice.lies import Lie, lies
from infra.evaluation.voice.lying_model import LyingModel
from infra.evaluation.voice.outcomes import (
    LieOutcome,
    QuestionOutcome,
    lie_outcome,
    question_outcome,
    spoken_outcome,
)
from infra.evaluation.voice.page import page
from infra.evaluation.voice.questions import QUESTIONS, Asked, check_entries, read_asked
from infra.evaluation.voice.report import (
    Share,
    VoiceReport,
    lie_figures,
    question_figures,
)
from shared.errors import SettingsError
from shared.settings import load
from workers.evaluation.bases import read_base
from workers.knowledge.loader import DEMO
from workers.settings import WorkerSettings
from workers.voice.brief import Brief, Source, Spoken
from workers.voice.language_model import LanguageModel

Update = Callable[[str, float], None]
Speak = Callable[[LanguageModel, Brief], Spoken]

_NO_SERVER = "http://127.0.0.1:1/v1"  # none is asked; where one is set, briefs are made
_LYING_MODEL = "one that lies"
_BAREFACED_SECONDS = 60.0  # a lying model is never late
_SEED = "voice"


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """What the command was asked to do; `lies`: falsehoods of each kind about each question."""

    files: Sequence[Path]
    folder: Path
    base: Path | None = None
    lies: int = 0
    connections: int = 8


def evaluate_voice(request: VoiceRequest, update: Update) -> tuple[VoiceReport, list[Path]]:
    """Return the report and the files that were written. Raises ParleyError."""
    settings = _settings(request)
    asked = read_asked(request.files or [QUESTIONS])
    base = read_base(request.base or settings.kb or DEMO)
    check_entries(asked, [entry.id for entry in base.entries])
    update("loading", 0.0)
    asking = Asking.load(settings, base)
    update("asking", 0.1)
    drafted = asking.draft(asked.questions)
    if request.lies or asked.lies:
        report = _lie(request, asked, asking, drafted, update)
    else:
        report = _speak(request, asking, drafted, update)
    return report, _write(report, request.folder)
