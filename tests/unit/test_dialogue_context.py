"""What a turn means: alone, or together with the question before it."""

from dataclasses import replace

import pytest

from workers.dialogue.context import read_in_context
from workers.dialogue.decision import Heard
from workers.dialogue.state import Asked, Dialogue
from workers.knowledge.base import Entry
from workers.knowledge.finder import Candidate, Finding, Thresholds

ENTRIES = {
    name: Entry(name, f"{name}?", f"About {name}.") for name in ("times", "costs", "cards", "hello")
}
LIMITS = Thresholds(answer_from=0.6, clarify_from=0.3)
AFTER_TIMES = Dialogue("test", asked=(Asked("how long is it", b"", "answer", "times"),))


def found(**chances: float) -> Finding:
    ranked = sorted(chances.items(), key=lambda each: -each[1])
    candidates = (Candidate(ENTRIES[name], each, name == "hello") for name, each in ranked)
    return Finding("text", tuple(candidates))


def meant(heard: Heard) -> list[tuple[str, float]]:
    return [(each.entry.id, each.confidence) for each in read_in_context(heard, LIMITS).candidates]


def test_a_turn_without_context_means_what_it_says() -> None:
    alone = found(costs=0.4, cards=0.1)
    assert read_in_context(Heard("text", AFTER_TIMES, alone), LIMITS) is alone


def test_both_readings_of_a_leaning_turn_count_and_the_surer_one_is_told_of_the_first() -> None:
    heard = Heard("text", AFTER_TIMES, found(costs=0.5, cards=0.4), contexts=(found(cards=0.8),))
    assert meant(heard) == [("cards", 0.8), ("costs", 0.3333)]


def test_of_two_that_fit_alike_it_is_not_the_one_just_given() -> None:
    heard = Heard("text", AFTER_TIMES, found(costs=0.9), contexts=(found(times=0.9),))
    assert meant(heard)[0] == ("costs", 0.9)
    first = replace(heard, dialogue=Dialogue("test"), contexts=(found(times=0.95),))
    assert meant(first)[0] == ("times", 0.95)


def test_sure_small_talk_asks_nothing_again() -> None:
    thanks = found(hello=0.9)
    heard = Heard("it works now", AFTER_TIMES, thanks, contexts=(found(times=0.95),))
    assert read_in_context(heard, LIMITS) is thanks
    unsure = replace(heard, main=found(hello=0.4))
    assert meant(unsure)[0][0] == "times"


def test_what_is_understood_alone_is_not_joined_to_what_was_asked() -> None:
    joined = (found(times=0.99),)
    for alone in (found(costs=0.6), found(hello=0.3)):
        assert read_in_context(Heard("text", AFTER_TIMES, alone, joined=joined), LIMITS) is alone
    unsure = Heard("text", AFTER_TIMES, found(costs=0.5), joined=(found(cards=0.9, costs=0.1),))
    assert meant(unsure)[0] == ("cards", 0.9)


def test_the_question_before_is_doubted_where_nothing_leans_on_it() -> None:
    heard = Heard("text", AFTER_TIMES, found(costs=0.1), joined=(found(times=0.8),))
    assert meant(heard)[0] == ("times", 0.56)


@pytest.mark.parametrize("chances", [{"costs": 0.4}, {"costs": 0.4, "cards": 0.9}])
def test_no_candidate_is_surer_than_those_before_it(chances: dict[str, float]) -> None:
    heard = Heard("text", AFTER_TIMES, found(times=0.9, costs=0.2), contexts=(found(**chances),))
    confidences = [confidence for _, confidence in meant(heard)]
    assert confidences == sorted(confidences, reverse=True)
