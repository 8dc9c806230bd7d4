"""A call for a person, a legal threat and danger are heard; what only sounds like them is not."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.escalation import find_escalation

DATA = Path(__file__).parent.parent / "data"


def messages(name: str) -> list[tuple[str, str]]:
    kinds = yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))
    return [(text, kind) for kind, texts in kinds.items() for text in texts]


def kind_of(text: str) -> str:
    found = find_escalation(text)
    return "none" if found is None else found.kind


@pytest.mark.parametrize(("message", "kind"), messages("escalation_development"))
def test_each_kind_is_told_from_ordinary_questions(message: str, kind: str) -> None:
    assert kind_of(message) == kind


def test_precision_and_recall_on_messages_kept_apart() -> None:
    kept = [(kind_of(text) != "none", kind != "none") for text, kind in messages("kept_escalation")]
    true_positives = kept.count((True, True))
    assert true_positives / (true_positives + kept.count((True, False))) >= 0.97
    assert true_positives / (true_positives + kept.count((False, True))) >= 0.9


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Your app is bad, I want to talk to a human now", "talk to a human"),
        ("hello! I smell gas in my kitchen", "smell gas"),
        ("my name is Sue and I will sue you", "i will sue"),
    ],
)
def test_the_span_holds_the_words_that_say_so(message: str, words: str) -> None:
    found = find_escalation(message)
    assert found is not None
    assert found.span.of(message).lower() == words


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("can i pls speak w someone", "person"),
        ("get me off this bot", "person"),
        ("can you put me in touch with someone", "person"),
        ("I want a real answer from a real person", "person"),
        ("My hand got burned by the stove", "emergency"),
        ("I spoke to a manager who said I'd get a refund", "none"),
        ("is the manager in on Mondays", "none"),
        ("please call me when my order is ready for pickup", "none"),
        ("I have a question for your legal department", "none"),
        ("your shop is on fire with these prices", "none"),
        ("burning question: when is the sale", "none"),
        # What happened before takes no wish back.
        ("I've been waiting to talk to somebody since noon", "person"),
        ("I said I want to speak to a person", "person"),
        ("no one lets me talk to a manager", "person"),
        ("I never get to speak to a real person", "person"),
        ("I was told to talk to an agent at my bank", "none"),
        ("nobody spoke to me about fees, and no one wants to talk to a bot", "none"),
        ("please put me through", "person"),
        ("transfer me now", "person"),
        ("fetch me somebody, please", "person"),
        ("a real human please", "person"),
        ("not a bot, an agent", "person"),
        ("is there somebody I could speak to", "person"),
        ("can I get a human on here", "person"),
        ("I'd like to be connected to an advisor", "person"),
        ("where is my human?", "person"),
        ("when will somebody finally answer", "person"),
        ("when is the agent coming", "person"),
        ("when will somebody bring my sofa", "none"),
        ("where is my parcel", "none"),
        ("put me through the steps again", "none"),
        ("transfer me the difference", "none"),
        ("can I get someone a voucher", "none"),
        ("find me someone's email", "none"),
        # Things do not harm themselves.
        ("all my ferns want to die", "none"),
        ("why do the roses want to die", "none"),
        ("this lamp seems to want to die", "none"),
        ("my plants look bad, it seems they want to die", "none"),
        ("I'd rather die than shop here again", "none"),
        ("I'd rather die than live like this", "self_harm"),
        ("my plants died and I want to die too", "self_harm"),
        ("my kids just want to die", "self_harm"),
        ("my son says he wants to die", "self_harm"),
        ("sometimes I wish I was dead", "self_harm"),
    ],
)
def test_more_of_each_kind(message: str, kind: str) -> None:
    assert kind_of(message) == kind


def test_the_gravest_comes_first() -> None:
    assert kind_of("let me talk to a human, I will sue you, the battery is on fire") == "emergency"


@pytest.mark.parametrize(
    "message",
    [
        "do I have to talk to someone to close my account",
        "transfer to someone abroad",
        "I like to be called Mikey",
        "240 kms to your store",
        "nobody was hurt when the shelf fell",
        "can the battery be injured by frost",
    ],
)
def test_what_only_sounds_like_it_is_none(message: str) -> None:
    assert kind_of(message) == "none"


WORDS = ("I", "want to", "talk to", "a", "real", "human", "gas", "smell", "my lawyer", "call me")


@given(st.text(max_size=300) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_the_span_lies_inside_any_text(text: str) -> None:
    found = find_escalation(text)
    assert found is None or 0 <= found.span.start < found.span.end <= len(text)


@pytest.mark.parametrize(
    "unit",
    ["talk to a real ", "call ", "my lawyer legal ", "report ", "he ate a ", "is there a ", "gas "],
)
def test_a_flood_costs_little(unit: str) -> None:
    size = 3_600 // len(unit) // 4
    assert growth(lambda times: find_escalation(unit * times), size) < LINEAR
