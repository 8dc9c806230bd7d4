"""Read a message: all of it, its single questions, and itself in the light of what was asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.jobs import ChatJob
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.joined import Text, join_asked
from workers.dialogue.state import Dialogue, read_dialogue
from workers.preprocessing.preprocessor import Prepared, Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.reading.questions import split_questions
from workers.reading.twice import negation_of, recall_of
from workers.reading.windows import asking_sentences, cut_windows

_STORY_CHARACTERS, _BURIED_SHARE = 80, 0.6
_MAX_ASKING = 3  # sentences of a long message; the question mostly comes last


class MessageReader:
    """Make the passages of messages. The first of each message is the message itself.

    A message over the encoder's length is read in windows, and what it asks on its own.
    What a message says it does not want is left out, if it says what it wants instead.
    """

    def __init__(
        self, preprocessor: Preprocessor, tokenizer: Tokenizer, encoder: str | None
    ) -> None:
        self._preprocessor = preprocessor
        self._tokenizer = tokenizer
        self._encoder = encoder

    def read(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        """Return the passages of each job, in order; `claimed` brings their dialogues."""
        messages = self._preprocessor.prepare([each.job.read_text for each in claimed])
        texts = [
            list(self._further(message, read_dialogue(each.claim.dialogue, self._encoder)))
            for message, each in zip(messages, claimed, strict=True)
        ]
        further = iter(self._preprocessor.prepare([text for part in texts for _, text in part]))
        return [
            _passages(
                _read(message, each.job),
                [replace(next(further), kind=kind, is_whole=False) for kind, _ in part],
            )
            for message, part, each in zip(messages, texts, claimed, strict=True)
        ]

    def _further(self, message: Prepared, dialogue: Dialogue) -> Iterator[Text]:
        text = message.text
        if message.truncated:
            yield from self._windows(text)
            return
        negation = negation_of(text)
        if negation and negation.wanted:
            yield "message", negation.wanted
            text = negation.wanted
        questions = split_questions(text)
        if len(questions) > 1 or _is_buried(questions[0].text, text):
            yield from (("question", question.text) for question in questions)
        recall = recall_of(text)
        if recall and recall.about:
            yield "topic", recall.about
        yield from join_asked(text, dialogue.asked, recalls=recall is not None)

    def _windows(self, text: str) -> Iterator[Text]:
        windows = cut_windows(text, self._tokenizer.token_starts, self._tokenizer.room)
        yield from (("message", window.text) for window in windows)
        asking = asking_sentences(text)[-_MAX_ASKING:]
        yield from (("question", sentence.of(text)) for sentence in asking)


def _read(message: Prepared, job: ChatJob) -> Prepared:
    """Return a passage that knows whether it is all that the person wrote."""
    return message if job.translation is None else replace(message, is_whole=False)


def _is_buried(question: str, text: str) -> bool:
    """Say whether there is so much story around the only question that its sense may drown."""
    return len(text) > _STORY_CHARACTERS and len(question) < _BURIED_SHARE * len(text)


def _passages(message: Prepared, further: Sequence[Prepared]) -> tuple[Prepared, ...]:
    if further and further[0].kind == "message":  # what is wanted stands for the whole
        return tuple(further)
    return (message, *further)
