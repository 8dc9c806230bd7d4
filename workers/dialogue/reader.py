"""Read a message: all of it, its single questions, and itself in the light of what was asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.jobs import ChatJob
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.state import Dialogue, read_dialogue
from workers.preprocessing.preprocessor import PassageKind, Prepared, Preprocessor
from workers.reading.negation import read_negation
from workers.reading.questions import split_questions

Text = tuple[PassageKind, str]


class MessageReader:
    """Make the passages of messages. The first of each message is the message itself.

    What a message says it does not want is left out, if it says what it wants instead.
    """

    def __init__(self, preprocessor: Preprocessor, encoder: str) -> None:
        self._preprocessor = preprocessor
        self._encoder = encoder

    def read(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        """Return the passages of each job, in order; `claimed` brings their dialogues."""
        messages = self._preprocessor.prepare([each.job.message for each in claimed])
        texts = [
            list(self._further(message, read_dialogue(each.claim.dialogue, self._encoder)))
            for message, each in zip(messages, claimed, strict=True)
        ]
        further = iter(self._preprocessor.prepare([text for part in texts for _, text in part]))
        return [
            _passages(message, [replace(next(further), kind=kind) for kind, _ in part])
            for message, part in zip(messages, texts, strict=True)
        ]

    def _further(self, message: Prepared, _dialogue: Dialogue) -> Iterator[Text]:
        text = message.text
        negation = read_negation(text)
        if negation and negation.wanted:
            yield "message", negation.wanted
            text = negation.wanted
        questions = split_questions(text)
        if len(questions) > 1:
            yield from (("question", question.text) for question in questions)


def _passages(message: Prepared, further: Sequence[Prepared]) -> tuple[Prepared, ...]:
    if further and further[0].kind == "message":  # what is wanted stands for the whole
        return tuple(further)
    return (message, *further)
