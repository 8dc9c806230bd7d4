"""A reply as it is said: sentence by sentence, none unchecked, whole whatever the model does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from shared.errors import QueueUnavailable
from tests.fakes.clock import ManualClock
from tests.fakes.language_model import SaidStream, SayingModel
from workers.voice.brief import Brief, RefusalReason, Source, Spoken
from workers.voice.language_model import Prompt
from workers.voice.speaker import Speaker, end_in_own_words

WORDS = "Orders arrive within 3 to 5 days. You get a link by e-mail."
BRIEF = Brief("answer", "when will it be here", (Source("late", "When?", WORDS),), WORDS)
LIE = "It takes 9 days."


@dataclass
class Listener:
    """Takes what is shown, up to a number of sentences."""

    most: int = 99
    shown: list[str] = field(default_factory=list)

    def __call__(self, known: str, text: str) -> bool:
        assert known == "".join(self.shown)
        if len(self.shown) == self.most:
            return False
        self.shown.append(text)
        return True


@dataclass(frozen=True)
class Suspicious:
    """Refuses the lie alone."""

    judged: list[str]

    def judge(self, sentence: str) -> RefusalReason | None:
        self.judged.append(sentence)
        return "number" if LIE in sentence else None


def speaker(model: SayingModel, judged: list[str] | None = None) -> Speaker:
    found: list[str] = [] if judged is None else judged
    return Speaker(model, lambda _brief: Suspicious(found), ManualClock())


def test_a_good_reply_is_shown_as_it_comes_and_is_the_model_s_alone() -> None:
    model, listener, judged = (
        SayingModel("Within 3", " to 5 days. ", "A link", " follows."),
        Listener(),
        list[str](),
    )
    spoken = speaker(model, judged).speak(BRIEF, 9.0, listener)
    assert listener.shown == ["Within 3 to 5 days.", " A link follows."]
    assert judged == ["Within 3 to 5 days.", "A link follows."]
    assert spoken.text == "Within 3 to 5 days. A link follows."
    assert (spoken.sentences, spoken.refused, spoken.fault) == (2, (), None)
    assert spoken.usage.tokens == 15
    assert model.due == [9.0]


def test_nothing_of_a_sentence_is_shown_before_it_was_judged() -> None:
    order: list[str] = []

    class Noting(Suspicious):
        def judge(self, sentence: str) -> RefusalReason | None:
            order.append(f"judged {sentence}")
            return None

    def show(_known: str, text: str) -> bool:
        order.append(f"shown {text.strip()}")
        return True

    model = SayingModel("One is so. Two is", " so. ")
    Speaker(model, lambda _: Noting([]), ManualClock()).speak(BRIEF, 9.0, show)
    assert order == [
        "judged One is so.", "shown One is so.", "judged Two is so.", "shown Two is so.",
    ]  # fmt: skip


def test_a_lie_at_once_leaves_the_entry_s_own_words_alone() -> None:
    model, listener = SayingModel(LIE, " And more. ", "And more still."), Listener()
    spoken = speaker(model).speak(BRIEF, 9.0, listener)
    assert listener.shown == []
    assert spoken.text == WORDS
    assert [(each.sentence, each.reason) for each in spoken.refused] == [(LIE, "number")]
    assert model.closed == 1
    assert model.streams[0].taken < 3, "it is told to stop"


def test_a_later_lie_is_replaced_by_what_the_entry_says_besides() -> None:
    model, listener = SayingModel(f"Orders arrive within 3 to 5 days. {LIE} Really. "), Listener()
    spoken = speaker(model).speak(BRIEF, 9.0, listener)
    assert spoken.text.startswith("".join(listener.shown))
    assert listener.shown == ["Orders arrive within 3 to 5 days."]
    assert spoken.text == "Orders arrive within 3 to 5 days.\n\nYou get a link by e-mail."
    assert LIE not in spoken.text


@pytest.mark.parametrize(
    "model",
    [
        SayingModel(refuses="no server"),
        SayingModel(fault="broke off"),
        SayingModel("Orders arr", fault="broke off"),
        SayingModel(),
        SayingModel("\n \n"),
    ],
)
def test_a_model_that_says_nothing_whole_leaves_the_entry_s_words(model: SayingModel) -> None:
    listener = Listener()
    spoken = speaker(model).speak(BRIEF, 9.0, listener)
    assert (spoken.text, listener.shown) == (WORDS, [])


def test_what_broke_off_is_ended_by_the_entry() -> None:
    model = SayingModel("Orders arrive within 3 to 5 days. And th", fault="broke off")
    spoken = speaker(model).speak(BRIEF, 9.0, Listener())
    assert spoken.text == "Orders arrive within 3 to 5 days.\n\nYou get a link by e-mail."
    assert spoken.fault == "broke off"


def test_what_may_not_be_shown_any_more_stops_the_model() -> None:
    model, listener = (
        SayingModel("One is so. ", "Two is so. ", "Three is so. ", "Four."),
        Listener(most=1),
    )
    speaker(model).speak(BRIEF, 9.0, listener)
    assert listener.shown == ["One is so."]
    assert model.streams[0].taken < 4


@pytest.mark.parametrize("pieces", [["It is so. "] * 500, ["So it is, and so, " * 400 + ". "]])
def test_a_model_that_goes_round_in_circles_or_on_and_on_is_stopped(pieces: list[str]) -> None:
    model = SayingModel(*pieces)
    spoken = speaker(model).speak(BRIEF, 9.0, Listener())
    assert len(spoken.text) < 1_000
    assert len(pieces) == 1 or model.streams[0].taken < 10


@pytest.mark.parametrize("model", [SayingModel("Which one? "), SayingModel(refuses="no")])
def test_what_is_kept_stands_below_whoever_words_the_rest(model: SayingModel) -> None:
    kept = "1. One\n2. Two"
    brief = Brief("clarify", "hm", (Source("a", "One", ""),), "Which do you mean?", kept)
    spoken = speaker(model).speak(brief, 9.0, Listener())
    assert spoken.text.endswith(f"?\n\n{kept}")
    assert spoken.text.count(kept) == 1


class Faulty(Suspicious):
    """Fails with the lie."""

    def judge(self, sentence: str) -> RefusalReason | None:
        if sentence == LIE:
            raise ValueError(sentence)
        return None


def test_a_fault_of_ours_after_a_sentence_was_shown_tears_no_reply(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, listener = SayingModel(f"Orders arrive within 3 to 5 days. {LIE} "), Listener()
    spoken = Speaker(model, lambda _: Faulty([]), ManualClock()).speak(BRIEF, 9.0, listener)
    assert spoken.text == "Orders arrive within 3 to 5 days.\n\nYou get a link by e-mail."
    assert listener.shown == ["Orders arrive within 3 to 5 days."]
    assert "ValueError at test_voice_speaker.py" in caplog.text
    assert LIE not in caplog.text, "the log says nothing of a text"


def test_what_may_have_been_shown_while_redis_went_away_stands_in_the_reply() -> None:
    listener = Listener()

    def show(known: str, text: str) -> bool:
        assert listener(known, text)
        if known:
            raise QueueUnavailable("gone")
        return True

    spoken = speaker(SayingModel("One is so. Two is so. Three is so. ")).speak(BRIEF, 9.0, show)
    assert spoken.text == f"One is so. Two is so.\n\n{WORDS}"
    assert spoken.text.startswith("".join(listener.shown))
    assert spoken.fault == "gone"


def test_a_reply_that_somebody_began_is_ended_as_it_began() -> None:
    shown = "Orders arrive within 3 to 5 days."
    whole = end_in_own_words(BRIEF, shown)
    assert whole == f"{shown}\n\nYou get a link by e-mail."
    assert end_in_own_words(BRIEF, "") == WORDS


def test_the_time_until_the_first_sentence_is_told() -> None:
    clock = ManualClock()
    model = SayingModel("It is so. ", on_call=lambda: clock.advance(0.25))
    spoken = Speaker(model, lambda _: Suspicious([]), clock).speak(BRIEF, 9.0, Listener())
    assert (spoken.first_seconds, spoken.seconds) == (0.25, 0.25)


def test_courtesies_alone_are_no_reply() -> None:
    spoken = speaker(SayingModel("Happy to help! ")).speak(BRIEF, 9.0, Listener())
    assert spoken.text == f"Happy to help!\n\n{WORDS}"


GERMAN = "Bestellungen kommen in 3 bis 5 Tagen an. Sie bekommen eine E-Mail mit einem Link."
LEAD = "Darauf kann ich leider nur auf Englisch antworten:"


class Bilingual(SayingModel):
    """Says the German text; asked to translate, it says what its sentences mean, or lies."""

    meanings: Mapping[str, str] = {
        "Bestellungen kommen": "Orders arrive in 3 to 5 days.",
        "Sie bekommen": "You get an e-mail with a link.",
    }

    @contextmanager
    def stream(
        self, prompts: Sequence[Prompt], *, max_tokens: int, due_at: float
    ) -> Iterator[SaidStream]:
        asked = prompts[-1].content
        meant = [each for begun, each in self.meanings.items() if f"<text>\n{begun}" in asked]
        assert not self.open, "a second reply while one is open waits for its place"
        self.open = True
        self._pieces = tuple(meant) or (GERMAN,)
        with super().stream(prompts, max_tokens=max_tokens, due_at=due_at) as stream:
            yield stream
        self.open = False

    open = False


def in_german(model: SayingModel) -> tuple[Spoken, Listener]:
    brief = replace(BRIEF, words=f"{LEAD}\n\n{WORDS}", language="de")
    listener = Listener()
    return speaker(model).speak(brief, 9.0, listener), listener


def test_another_language_is_held_against_english_sources_sentence_by_sentence() -> None:
    spoken, listener = in_german(Bilingual())
    assert spoken.text == GERMAN
    assert len(listener.shown) == 2
    assert spoken.usage.tokens == 3 * 15, "translating back costs tokens, too"


def test_what_fails_in_another_language_is_said_in_english_and_told_so() -> None:
    model = Bilingual()
    model.meanings = {**model.meanings, "Sie bekommen": LIE}
    spoken, listener = in_german(model)
    assert listener.shown == ["Bestellungen kommen in 3 bis 5 Tagen an."]
    assert spoken.text == f"{listener.shown[0]}\n\n{LEAD}\n\n{WORDS}"
