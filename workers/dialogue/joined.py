"""A message together with what was asked before, as texts to search for."""

from collections.abc import Iterator, Sequence

from workers.dialogue.state import Asked
from workers.preprocessing.preprocessor import PassageKind
from workers.reading.followups import LEANS_FROM, read_followup
from workers.reading.lexicon import topic_words
from workers.reading.reference import join
from workers.reading.text import fold

Text = tuple[PassageKind, str]
_MAX_WORDS = 10  # who writes more says what it is about
_MAX_TOPICS = 1


def join_asked(text: str, asked: Sequence[Asked], *, recalls: bool = False) -> Iterator[Text]:
    """Yield a text with the last questions, and with the things that the last answer was about.

    Nothing on a first turn, nor for a text that leans on nothing and names things of its own.
    `recalls`: it asks for what was said, not for what was asked.
    """
    if not asked:
        return
    about = _subject(asked[-1])
    followup = read_followup(text, [each.text for each in asked])
    if followup.score >= LEANS_FROM:
        yield from (("context", candidate) for candidate in followup.texts)
        # Without the former question's own words, which would find its entry again.
        if about and followup.kind == "leaning":
            yield "context", join(about, text)
    elif about and not recalls and _says_little(text):
        yield "joined", join(about, text)


def _subject(last: Asked) -> str:
    """Return the things that a question is about: those of its entry if it was answered."""
    answered = last.kind in ("answer", "handover") and last.subject
    return " ".join(topic_words(fold(last.subject if answered else last.text)))


def _says_little(text: str) -> bool:
    """Say whether a text names at most one thing, so that it may mean little by itself."""
    few = len(text.split()) <= _MAX_WORDS
    return few and len(topic_words(fold(text))) <= _MAX_TOPICS
