"""Ask what serves, in this process: what was decided, and the reply in a model's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra.evaluation.voice.questions import Elsewhere, Question
from shared.clock import Clock, SystemClock
from shared.jobs import AnswerKind
from workers.bootstrap import load_model
from workers.consumer.chat_result import ChatResult
from workers.engines.select import select_engine
from workers.evaluation.bases import Base, file_of
from workers.evaluation.in_process import InProcess, Pipelines
from workers.evaluation.observation import Progress
from workers.knowledge.base import Entry
from workers.settings import WorkerSettings
from workers.speaking.checks import checks_over
from workers.voice.brief import Brief, Spoken
from workers.voice.language_model import LanguageModel
from workers.voice.speaker import CheckOver, Speaker


@dataclass(frozen=True, slots=True)
class Drafted:
    """A question and what was decided on its last message.

    `own` is the reply in the base's words; a model is asked for another one if there is a `brief`.
    `elsewhere` is the brief of another tenant's entry, which the model is asked for before.
    """

    question: Question
    kind: AnswerKind
    entry: str | None
    own: str
    brief: Brief | None = None
    elsewhere: Brief | None = None


class Asking:
    """Ask the pipeline of the workers, and have a model speak under the guard that serves."""

    def __init__(
        self, settings: WorkerSettings, pipelines: Pipelines, base: Base, check_over: CheckOver
    ) -> None:
        self._settings = settings
        self._pipelines = pipelines
        self._base = base
        self._check_over = check_over
        self._clock: Clock = SystemClock()

    @classmethod
    def load(cls, settings: WorkerSettings, base: Base) -> Self:
        """Warm all models. Raises ModelError or EngineError."""
        judging = load_model(settings, settings.model_folder, "answer", select_engine)
        check_over = checks_over(judging, settings.model_folder)
        return cls(settings, Pipelines.load(settings), base, check_over)

    def draft(
        self, questions: Sequence[Question], folder: Path, progress: Progress
    ) -> list[Drafted]:
        """Decide on all questions. `folder` takes what bases must be written."""
        pipeline = self._pipelines.over(file_of(self._base, folder))
        asked = pipeline.converse([each.asks for each in questions], progress)
        others = [
            self._of_another_base(each.elsewhere, folder) if each.elsewhere else None
            for each in questions
        ]
        return [
            _drafted(question, turns[-1][1], other)
            for question, turns, other in zip(questions, asked, others, strict=True)
        ]

    def speak(self, model: LanguageModel, brief: Brief, seconds: float) -> Spoken:
        """Have a model say one reply within some time. Safe from many threads."""
        speaker = Speaker(
            model,
            self._check_over,
            self._clock,
            style=self._settings.voice_style,
            max_tokens=self._settings.voice_max_tokens,
        )
        return speaker.speak(brief, self._clock.monotonic() + seconds, _show)

    def _of_another_base(self, entry: Elsewhere, folder: Path) -> Brief | None:
        base = Base((Entry("elsewhere", entry.question, entry.answer),))
        pipeline: InProcess = self._pipelines.over(file_of(base, folder))
        ((_, result),) = pipeline.converse([[entry.question]], _no_progress)[0]
        return result.brief


def _drafted(question: Question, result: ChatResult, elsewhere: Brief | None) -> Drafted:
    answer = result.reply.answer
    own = result.reply.response
    return Drafted(question, answer.kind, answer.id, own, result.brief, elsewhere)


def _show(_known: str, _text: str) -> bool:
    return True


def _no_progress(_share: float) -> None:
    return None
