"""What a message chooses of what was offered; a message of its own chooses nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.reading.choices import read_choice, read_second_thoughts

TWO = ["How do I use a gift card?", "Where is my parcel?"]
THREE = ["How much does delivery cost?", "Can I cancel my order?", "How do I return an item?"]


def indices(message: str, alternatives: list[str]) -> tuple[int, ...] | None:
    choice = read_choice(message, alternatives)
    return None if choice is None else choice.indices


@pytest.mark.parametrize(
    ("message", "chosen"),
    [
        ("the second one", (1,)),
        ("2", (1,)),
        ("no, the other", (1,)),
        ("neither", ()),
        ("yes", (0,)),
        ("yes the first", (0,)),
        ("the one about gift cards", (0,)),
        ("latter", (1,)),
        ("both", (0, 1)),
        ("nope", ()),
        ("no thanks", ()),
        ("neither of them", ()),
        ("yes please", (0,)),
        ("yep", (0,)),
        ("yeah that one", (0,)),
        ("ok", (0,)),
        ("thanks", None),
        ("how do I pay by invoice", None),
        ("I want to talk to a human", None),
        ("what about Ireland", None),
        ("parcel", (1,)),
        ("it's about my parcel", (1,)),
        ("option 9", None),
        ("one", (0,)),
        ("two", (1,)),
        ("option two", (1,)),
        ("The former", (0,)),
        ("why?", None),
        ("a", (0,)),
        ("option a", (0,)),
        ("not that one", ()),
        ("where is my parcel", (1,)),
        ("is there a fee", None),
        ("2 parcels are missing", None),
        ("ok thanks", None),
        ("no. 2", (1,)),
        ("the gift card", (0,)),
        ("i don't know", None),
        ("not sure", None),
        ("can i get 2", None),
        ("both please", (0, 1)),
        ("not the gift card one", (1,)),
        ("all right", (0,)),
        ("why have i not got my new card", None),
        ("maybe, maybe not", None),
        ("I want the gift card one", (0,)),
    ],
)
def test_a_choice_of_two(message: str, chosen: tuple[int, ...] | None) -> None:
    assert indices(message, TWO) == chosen


@pytest.mark.parametrize(
    ("message", "chosen"),
    [
        ("option b", (1,)),
        ("none of these", ()),
        ("first", (0,)),
        ("the last one please", (2,)),
        ("number 3", (2,)),
        ("#2", (1,)),
        ("2.", (1,)),
        ("b)", (1,)),
        ("B", (1,)),
        ("the third", (2,)),
        ("3rd one", (2,)),
        ("I meant the second", (1,)),
        ("not the first, the second", (1,)),
        ("cancel", (1,)),
        ("cancelling", (1,)),
        ("returning an item", (2,)),
        ("the delivery cost one", (0,)),
        ("no", ()),
        ("none", ()),
        ("something else", ()),
        ("not these", ()),
        ("my first order is late", None),
        ("the first and the second", (0, 1)),
        ("all of them", (0, 1, 2)),
        ("the other one", (1, 2)),
        ("1 and 3", (0, 2)),
        ("7", None),
        ("I'd like the second option please", (1,)),
        ("no, I mean the return", (2,)),
        ("none of these, how do I change my name?", None),
        ("hmm the second i guess", (1,)),
        ("yes, cancel", (1,)),
        ("the bottom one", (2,)),
        ("no i meant cancel", (1,)),
        ("How do I return an item?", (2,)),
        ("i want to cancel", None),
        ("my order is late", None),
        ("delivery and returns", (0, 2)),
    ],
)
def test_a_choice_of_three(message: str, chosen: tuple[int, ...] | None) -> None:
    assert indices(message, THREE) == chosen


@pytest.mark.parametrize(
    ("message", "chosen"),
    [
        ("correct", (0,)),
        ("no", ()),
        ("that's right", (0,)),
        ("why?", None),
        ("you ok?", None),
        ("ok?", (0,)),
    ],
)
def test_one_alternative_is_affirmed_or_declined(
    message: str, chosen: tuple[int, ...] | None
) -> None:
    assert indices(message, ["How do I cancel?"]) == chosen


def test_yes_and_the_other_go_by_the_likeliest() -> None:
    yes = read_choice("yes", TWO, likeliest=1)
    other = read_choice("no, the other", TWO, likeliest=1)
    assert yes is not None
    assert other is not None
    assert (yes.indices, other.indices) == ((1,), (0,))


def test_nothing_offered_is_nothing_chosen() -> None:
    assert read_choice("the first", []) is None


WORDS = ("the", "first", "2", "b", "not", "no", "yes", ",", "gift card", "both", "other", "option")


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.lists(st.text(max_size=20) | st.sampled_from(THREE), max_size=4),
)
@example("0:2:0A", ["", "0A"])
def test_indices_are_of_the_alternatives(text: str, alternatives: list[str]) -> None:
    choice = read_choice(text, alternatives)
    assert choice is None or set(choice.indices) <= set(range(len(alternatives)))


@pytest.mark.parametrize(
    ("message", "chosen"),
    [
        ("no wait, I meant the first", (0,)),
        ("oh no, the last one", (2,)),
        ("oops, number 3", (2,)),
        ("hang on, the other one", (0, 2)),
        ("sorry, the one about returning an item", (2,)),
        # The answer to the choice is what these are about.
        ("yes", None),
        ("no", None),
        ("ok thanks", None),
        ("no, the second", None),
        ("wait, what?", None),
        ("the first answer was better", None),
        ("sorry, I don't understand", None),
        ("actually, where is my parcel?", None),
    ],
)
def test_second_thoughts_after_the_second_was_chosen(
    message: str, chosen: tuple[int, ...] | None
) -> None:
    choice = read_second_thoughts(message, THREE, [1])
    assert (None if choice is None else choice.indices) == chosen
