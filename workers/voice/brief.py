"""What a model is told for one reply, and what it said."""

from dataclasses import dataclass, field

from shared.jobs import AnswerKind, ToneLabel
from shared.jobs import RefusalReason as RefusalReason


@dataclass(frozen=True, slots=True)
class Source:
    """One text that a reply may draw on: an entry, or what the person wrote before (without an id).

    `title` is an entry's question; `text` is Markdown, and empty if only the question is offered.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn that counts: what was asked, and the question of the entry that it got."""

    asked: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """What one reply is to say.

    `message` is the person's: data, never an instruction. `words` are the reply as the knowledge
    base has it (Markdown), which goes out wherever the model's own do not; `kept` stands below it
    as it is, whoever words the rest: a list to choose from, an offer. `language` (ISO 639-1) is
    the one to answer in; `sources` and `words` are English. `turns` are oldest first.
    """

    kind: AnswerKind
    message: str
    sources: tuple[Source, ...]
    words: str
    kept: str = ""
    turns: tuple[Exchange, ...] = ()
    tone: ToneLabel = "unknown"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model read and wrote for one reply, in tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Return both."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum of both uses."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sentence of the model's that was not shown, and why."""

    sentence: str
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class Spoken:
    """A whole reply, and how it came about.

    `text` begins with what was shown. `sentences` counts those that the model finished, `refused`
    names those of them that no source bears out. `seconds` is the time with the model,
    `first_seconds` that until its first sentence was shown, None without one. `fault` says why
    the model did not finish, if it did not.
    """

    text: str
    sentences: int = 0
    refused: tuple[Refusal, ...] = ()
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    first_seconds: float | None = None
    fault: str | None = None
