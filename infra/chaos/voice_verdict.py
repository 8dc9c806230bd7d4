"""Judge the replies of a campaign with a language model: nothing made up in them, none torn."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.chaos.inspection import Inspection
from infra.chaos.ledger import MessageHistory
from infra.chaos.model_server import ASKED, MARKS, PLANTED
from infra.chaos.script import Conversation
from infra.chaos.verdict import Violation

_LEAST = 12  # characters by which the beginning of a sentence is recognised
_BREAKS = re.compile(r"(?<=[.!?])\s+|\n+")
_MARKUP = re.compile(r"^[\s>*•-]+|[*_`]")


@dataclass(frozen=True, slots=True)
class VoiceFigures:
    """Answers by whose words they are, and how many of them were followed as they came.

    `asked`: calls of the model server; `planted`: falsehoods that it said.
    """

    model: int
    both: int
    entry: int
    followed: int
    asked: int
    planted: int


class KnownSentences:
    """Tells a sentence of the knowledge base from the beginning of one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._whole = {sentence for text in texts for sentence in _sentences(text)}

    def torn_in(self, reply: str) -> str | None:
        """Return what stands in a reply as a sentence, and is only the beginning of one."""
        return next((each for each in _sentences(reply) if self._is_beginning(each)), None)

    def _is_beginning(self, sentence: str) -> bool:
        if len(sentence) < _LEAST or sentence in self._whole:
            return False
        return any(whole.startswith(sentence) for whole in self._whole)


def voice_violations(
    script: Sequence[Conversation],
    sent: Mapping[int, MessageHistory],
    found: Inspection,
    known: KnownSentences,
) -> Iterator[Violation]:
    """Yield each falsehood and each tear, in what is stored and in what was streamed."""
    for conversation in script:
        for turn in found.conversations.get(conversation.id, ()):
            if turn.role != "assistant":
                continue
            yield from (Violation("falsehood", each) for each in _falsehoods(turn.text))
            torn = known.torn_in(turn.text)
            if torn is not None:
                yield Violation("torn reply", f"{turn.job_id}: {torn!r} in {turn.text!r}")
        for message in conversation.messages:
            history = sent.get(message.number)
            for torn in history.torn if history else ():
                yield Violation("torn stream", torn, message.number)


def voice_figures(
    script: Sequence[Conversation], sent: Mapping[int, MessageHistory], printed: Mapping[str, int]
) -> VoiceFigures:
    """Count the answers of a campaign; `printed` are the lines of the model server."""
    answers = {number: each for number, each in sent.items() if each.ending == "answered"}
    words = Counter(each.words for each in answers.values())
    followed = (
        message.number in answers
        for conversation in script
        if conversation.pacing == "following"
        for message in conversation.messages
    )
    counted = words["model"], words["both"], words["entry"], sum(followed)
    return VoiceFigures(*counted, printed.get(ASKED, 0), printed.get(PLANTED, 0))


def printed_in(log: Path) -> Mapping[str, int]:
    """Count each line that the model server has printed."""
    with log.open(errors="replace") as lines:
        return Counter(line.strip() for line in lines)


def _falsehoods(text: str) -> list[str]:
    folded = text.casefold()
    return [f"{mark!r} in {text!r}" for mark in MARKS if mark in folded]


def _sentences(text: str) -> list[str]:
    return [bare for each in _BREAKS.split(text) if (bare := _MARKUP.sub("", each).strip())]
