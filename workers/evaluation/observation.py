"""What is seen of a reply, in this process or over HTTP, and the port to whoever answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.jobs import AnswerKind, Reply, ToneLabel

MAX_RANKED = 5

Progress = Callable[[float], None]
Conversation = Sequence[str]


@dataclass(frozen=True, slots=True)
class Observation:
    """One reply as an evaluation needs it.

    `ranking` are the entries that may be meant, best first, five at most; over HTTP a reply names
    four at most. `offered` are those that it offers to choose from. `milliseconds` are those of
    this message alone, NaN where they were not taken.
    """

    kind: AnswerKind
    ranking: tuple[str, ...]
    confidence: float
    offered: tuple[str, ...]
    tone: ToneLabel
    reask_score: float | None
    milliseconds: float

    @property
    def best(self) -> str | None:
        """Return the entry that the reply names as the best one."""
        return self.ranking[0] if self.ranking else None


class Asker(Protocol):
    """Answers conversations, each a sequence of messages that are asked one after the other."""

    def ask(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[Observation]]:
        """Return an observation for each message; `progress` gets the share that is done."""


def observe(reply: Reply, milliseconds: float, further: Sequence[str] = ()) -> Observation:
    """Take from a reply what counts; `further` are entries found that the reply does not name."""
    answer = reply.answer
    named = [each.id for each in answer.alternatives]
    first = [answer.id] if answer.id else []
    return Observation(
        kind=answer.kind,
        ranking=tuple(dict.fromkeys([*first, *named, *further]))[:MAX_RANKED],
        confidence=answer.confidence,
        offered=tuple(named) if answer.kind == "clarify" else (),
        tone=reply.tone.label,
        reask_score=answer.reask_score,
        milliseconds=milliseconds,
    )
