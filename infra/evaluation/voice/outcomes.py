"""What became of one question, and of one planted falsehood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.evaluation.voice.falsehood import Twist
from infra.evaluation.voice.judge import unborne_facts
from infra.evaluation.voice.lies import Lie
from infra.evaluation.voice.questions import Question
from shared.jobs import AnswerKind
from workers.voice.brief import Brief, RefusalReason, Spoken

# In whose words a reply is: the model's, these and the entry's, the entry's; or no model was asked.
Words = Literal["model", "mended", "entry", "not asked"]


@dataclass(frozen=True, slots=True)
class RefusedSentence:
    """A sentence of the model's that was not shown."""

    sentence: str
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """A question's reply as it was shown.

    `misses` are what of its expectation is not met, `unborne` the facts in it that no source says.
    """

    group: str
    asks: Sequence[str]
    kind: AnswerKind
    entry: str | None
    reply: str
    words: Words
    misses: Sequence[str]
    unborne: Sequence[str]
    refused: Sequence[RefusedSentence] = ()
    fault: str | None = None
    first_seconds: float | None = None
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class LieOutcome:
    """What became of one falsehood; `reached`: it was shown. `reason` is why it was refused."""

    asked: str
    kind: RefusalReason
    twist: Twist
    guise: str
    sentence: str
    reply: str
    reached: bool
    reason: RefusalReason | None
    unborne: Sequence[str]


def question_outcome(
    question: Question, kind: AnswerKind, entry: str | None, own: str
) -> QuestionOutcome:
    """Judge a reply that no model was asked for: the base's own words."""
    misses = question.misses(kind, entry, own)
    return QuestionOutcome(question.group, question.asks, kind, entry, own, "not asked", misses, ())


def spoken_outcome(
    question: Question, kind: AnswerKind, entry: str | None, own: str, brief: Brief, spoken: Spoken
) -> QuestionOutcome:
    """Judge a reply that a model was asked for."""
    return QuestionOutcome(
        question.group,
        question.asks,
        kind,
        entry,
        spoken.text,
        _whose(own, spoken),
        question.misses(kind, entry, spoken.text),
        unborne_facts(spoken.text, brief),
        [RefusedSentence(each.sentence, each.reason) for each in spoken.refused],
        spoken.fault,
        spoken.first_seconds,
        spoken.seconds,
        spoken.usage.prompt_tokens,
        spoken.usage.completion_tokens,
    )


def lie_outcome(brief: Brief, lie: Lie, spoken: Spoken) -> LieOutcome:
    """Judge a reply that had a falsehood planted in it."""
    sources = [text for source in brief.sources for text in (source.title, source.text)]
    return LieOutcome(
        brief.message,
        lie.kind,
        lie.twist,
        lie.guise,
        lie.sentence,
        spoken.text,
        lie.reached(spoken.text, "\n".join([*sources, brief.words, brief.kept])),
        spoken.refused[0].reason if spoken.refused else None,
        unborne_facts(spoken.text, brief),
    )


def _whose(own: str, spoken: Spoken) -> Words:
    if spoken.first_seconds is None or spoken.text == own:
        return "entry"
    return "mended" if spoken.refused or spoken.fault else "model"
