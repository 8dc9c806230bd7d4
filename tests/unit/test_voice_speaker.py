"""A reply as it is said: sentence by sentence, none unchecked, whole whatever the model does."""

from dataclasses import dataclass, field

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.language_model import SayingModel
from workers.voice.brief import Brief, RefusalReason, Source
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
