"""What became of one question, and of one planted falsehood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from infra.evaluation.voice.asking import Drafted
from infra.evaluation.voice.falsehood import Twist
from infra.evaluation.voice.judge import unborne_facts
from infra.evaluation.voice.lies import Lie
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


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one reply, and of the falsehood in it if one was planted."""

    question: QuestionOutcome
    lie: LieOutcome | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """Return the share, 1 of nothing."""
        return self.part / self.whole if self.whole else 1.0


def question_outcome(drafted: Drafted) -> QuestionOutcome:
    """Judge a reply that no model is asked for: the base's own words."""
    return QuestionOutcome(
        drafted.question.group,
        drafted.question.asks,
        drafted.kind,
        drafted.entry,
        drafted.own,
        "not asked",
        drafted.question.misses(drafted.kind, drafted.entry, drafted.own),
        (),
    )


def spoken_outcome(drafted: Drafted, brief: Brief, spoken: Spoken) -> QuestionOutcome:
    """Judge a reply that a model was asked for."""
    return replace(
        question_outcome(drafted),
        reply=spoken.text,
        words=_whose(drafted.own, spoken),
        misses=drafted.question.misses(drafted.kind, drafted.entry, spoken.text),
        unborne=unborne_facts(spoken.text, brief),
        refused=[RefusedSentence(each.sentence, each.reason) for each in spoken.refused],
        fault=spoken.fault,
        first_seconds=spoken.first_seconds,
        seconds=spoken.seconds,
        prompt_tokens=spoken.usage.prompt_tokens,
        completion_tokens=spoken.usage.completion_tokens,
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
