"""Have a model put one reply into words, and show no sentence that no source bears out."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from shared.clock import Clock
from shared.errors import ModelUnavailable, QueueUnavailable
from shared.fault_place import fault_place
from workers.voice.brief import Brief, Refusal, Spoken, Usage
from workers.voice.coverage import remaining_words
from workers.voice.language_model import LanguageModel, ModelStream
from workers.voice.prompt import prompts_of
from workers.voice.reading import read
from workers.voice.sentence_check import SentenceCheck
from workers.voice.sentences import SentenceCutter
from workers.voice.translation import TranslatedCheck

Show = Callable[[str, str], bool]  # what was shown before, what shall be now; whether to go on
_Opened = AbstractContextManager[ModelStream]
ENGLISH = "en"
_LENGTHS = 3  # of the entries' own words: no model needs more to say the same
_MIN_CHARACTERS = 600
_log = logging.getLogger(__name__)


CheckOver = Callable[[Brief], SentenceCheck]


@dataclass(slots=True)
class _Saying:
    """A reply as far as it has come."""

    brief: Brief
    began_at: float
    text: str = ""
    sentences: int = 0
    refused: list[Refusal] = field(default_factory=list)
    first_seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    fault: str | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether the model said all that it wanted, and might."""
        return bool(self.text) and not self.refused and self.fault is None


class Speaker:
    """Say replies; safe from many threads at once.

    `check_over` makes what holds sentences against a brief. A sentence is checked before it is
    shown; the first one that fails ends the model's part, and what of the entries' own words has
    not been said yet follows it.
    """

    def __init__(
        self,
        model: LanguageModel,
        check_over: CheckOver,
        clock: Clock,
        *,
        style: str | None = None,
        max_tokens: int = 400,
    ) -> None:
        self._model = model
        self._check_over = check_over
        self._clock = clock
        self._style = style
        self._max_tokens = max_tokens

    def speak(self, brief: Brief, due_at: float, show: Show) -> Spoken:
        """Return the whole reply by `due_at` (monotonic seconds), whatever the model does.

        `show` is given each sentence in turn, before the next one is asked for. If it raises
        QueueUnavailable the sentence may have been shown, so that the reply has it and ends.
        """
        saying = _Saying(brief, self._clock.monotonic())
        try:
            self._say(saying, due_at, show)
        except (ModelUnavailable, QueueUnavailable) as fault:
            saying.fault = str(fault)
        except Exception as fault:  # noqa: BLE001 - what was shown must be ended whatever fails
            saying.fault = fault_place(fault)
            _log.warning("a reply is ended in the entries' own words: %s", saying.fault)
        return Spoken(
            text=end_in_own_words(brief, saying.text, is_whole=saying.is_whole),
            sentences=saying.sentences,
            refused=tuple(saying.refused),
            usage=saying.usage,
            seconds=self._clock.monotonic() - saying.began_at,
            first_seconds=saying.first_seconds,
            fault=saying.fault,
        )

    def _say(self, saying: _Saying, due_at: float, show: Show) -> None:
        brief = saying.brief
        prompts = prompts_of(brief, self._style)
        opened = self._model.stream(prompts, max_tokens=self._max_tokens, due_at=due_at)
        if brief.language != ENGLISH:
            self._say_translated(saying, opened, due_at, show)
            return
        with opened as stream:
            check = self._check_over(brief)
            try:
                self._show_units(saying, check, _units(stream), show)
            finally:
                saying.usage += stream.usage

    def _say_translated(self, saying: _Saying, opened: _Opened, due_at: float, show: Show) -> None:
        """Check when all is said: to translate back takes a place with the model, as to say does.

        Two at a time for one reply would wait for each other where there is one.
        """
        with opened as stream:
            try:
                units = list(_units(stream))
            finally:
                saying.usage += stream.usage
        own = self._check_over(saying.brief)
        check = TranslatedCheck(saying.brief, own, self._model, due_at)
        try:
            self._show_units(saying, check, units, show)
        finally:
            saying.usage += check.usage

    def _show_units(
        self, saying: _Saying, check: SentenceCheck, units: Iterable[str], show: Show
    ) -> None:
        for sentence in units:
            saying.sentences += 1
            if not self._may_go_on(saying, check, sentence, show):
                return

    def _may_go_on(self, saying: _Saying, check: SentenceCheck, sentence: str, show: Show) -> bool:
        if sentence.strip() in saying.text or _is_too_long(saying.brief, saying.text, sentence):
            return False  # it goes round in circles
        reason = check.judge(sentence.strip())
        if reason is not None:
            saying.refused.append(Refusal(sentence.strip(), reason))
            return False
        said = sentence if saying.text else sentence.lstrip()
        try:
            goes_on = show(saying.text, said)
        except QueueUnavailable:
            saying.text += said
            raise
        if not goes_on:
            return False
        if saying.first_seconds is None:
            saying.first_seconds = self._clock.monotonic() - saying.began_at
        saying.text += said
        return True


def end_in_own_words(brief: Brief, shown: str, *, is_whole: bool = False) -> str:
    """Return the whole reply that begins with what was shown.

    What is kept stands below in any case; what has not been said yet of the entries' own words
    stands before it, unless what was shown `is_whole` and says some of it.
    """
    rest = "" if is_whole and _says_something(brief, shown) else _rest(brief, shown)
    return "\n\n".join(part for part in (shown, rest, brief.kept) if part)


def _rest(brief: Brief, shown: str) -> str:
    if shown and brief.language != ENGLISH:  # what it says of them cannot be told
        return brief.words
    return remaining_words(brief.words, shown)


def _says_something(brief: Brief, shown: str) -> bool:
    """Tell whether a reply says more than courtesies: some word of what it is to say."""
    if brief.language != ENGLISH or brief.kind not in ("answer", "recall"):
        return True
    return not read(brief.words).stems.isdisjoint(read(shown).stems)


def _units(stream: ModelStream) -> Iterator[str]:
    """Yield sentences, each with the blanks before it and none after it."""
    cutter, blanks = SentenceCutter(), ""
    for unit in _cut(cutter, stream):
        body = (blanks + unit).rstrip()
        blanks = (blanks + unit)[len(body) :]
        if body:
            yield body


def _cut(cutter: SentenceCutter, pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        yield from cutter.feed(piece)
    yield from cutter.end()


def _is_too_long(brief: Brief, text: str, sentence: str) -> bool:
    return len(text) + len(sentence) > max(_MIN_CHARACTERS, _LENGTHS * len(brief.words))
