"""Planted falsehoods: of all kinds, the same for a seed, and false indeed; the judge sees facts."""

import re
from collections import Counter
from pathlib import Path

import pytest

from infra.evaluation.voice.falsehood import KINDS, TWISTS
from infra.evaluation.voice.falsehoods import falsehoods
from infra.evaluation.voice.guises import GUISES
from infra.evaluation.voice.judge import unborne_facts
from infra.evaluation.voice.lies import Lie, lies, told
from infra.evaluation.voice.lying_model import LyingModel
from infra.evaluation.voice.numerals import in_digits, in_words
from infra.evaluation.voice.plain_text import comparable, sentences
from infra.evaluation.voice.questions import read_asked
from workers.knowledge.loader import DEMO, load
from workers.voice.brief import Brief, Source

KEPT_TRUTHS = Path(__file__).parents[1] / "data" / "voice_kept_truths.yaml"
KEPT = Path(__file__).parents[1] / "data" / "voice_kept_lies.yaml"
SOURCES = [Source(each.id, each.question, each.answer) for each in load(DEMO).entries]
SOME = SOURCES[::9]
FACTS = ("number", "amount", "date", "time", "address", "link")


def _lies(source: Source, seed: str = "a", each: int = 1) -> list[Lie]:
    others = [other for other in SOURCES if other is not source]
    return lies([source], others, seed, each)


def _brief(source: Source) -> Brief:
    return Brief("answer", source.title, (source,), "")


def test_lies_are_the_same_for_a_seed_and_others_for_another() -> None:
    source = SOURCES[20]
    assert _lies(source) == _lies(source)
    assert _lies(source) != _lies(source, "b")


def test_all_kinds_twists_and_guises_are_there() -> None:
    found = [lie for source in SOURCES[::4] for lie in _lies(source, source.id, 5)]
    assert Counter(lie.kind for lie in found) == dict.fromkeys(KINDS, 5 * len(SOURCES[::4]))
    assert {lie.twist for lie in found} == set(TWISTS)
    assert {lie.guise for lie in found} == set(GUISES)


def test_a_lie_stands_in_its_reply_and_in_no_source() -> None:
    for source in SOME:
        may = f"{source.title}\n{source.text}"
        for lie in _lies(source, source.id, 3):
            assert comparable(lie.sentence) in comparable(lie.reply)
            assert comparable(lie.sentence) not in comparable(may)
            assert lie.reached(lie.reply, may)
            assert not lie.reached(source.text, may)


def test_a_falsehood_in_any_guise_is_seen_to_have_reached_a_reply() -> None:
    source = next(each for each in SOURCES if each.id == "return-cost")
    true = sentences(source.text)
    for falsehood in falsehoods([source], SOURCES[:3], "a")[::5]:
        for guise in GUISES:
            lie = told(falsehood, guise, true)
            assert lie.reached(lie.reply, source.text), lie


def test_the_judge_sees_every_false_fact() -> None:
    unseen = [
        lie
        for source in SOME
        for lie in _lies(source, source.id, 3)
        if lie.kind in FACTS and lie.twist != "foreign" and not _is_seen(lie, source)
    ]
    assert unseen == []


def _is_seen(lie: Lie, source: Source) -> bool:
    # A number that stands in the source as that of something else tells nothing by itself.
    numbers = re.findall(r"\d+", in_digits(lie.false))
    known = lie.kind == "number" and set(numbers) <= set(re.findall(r"\d+", in_digits(source.text)))
    return known or bool(unborne_facts(lie.reply, _brief(source)))


def test_the_judge_passes_what_an_entry_says_itself() -> None:
    assert [each.id for each in SOURCES if unborne_facts(each.text, _brief(each))] == []


@pytest.mark.parametrize(
    ("shown", "facts"),
    [
        ("It costs **£4.95**, or £7.", ("7", "£7")),
        ("It takes three to five working days.", ()),
        ("It takes 3 weeks.", ("3 week",)),
        ("One of them is at 2 p.m.", ("2", "2 pm")),
        ("Ask our colleague Sarah.", ("Sarah",)),
        ("Write to help@shop.example or see shop.example/x.", ("shop.example/x",)),
        ("Come on Friday.", ("Friday",)),
        ("It is half of that.", ("half",)),
        ("It takes ３ weeks.", ("3 week",)),
    ],
)
def test_what_the_judge_sees(shown: str, facts: tuple[str, ...]) -> None:
    text = "Delivery costs £4.95 and takes 3–5 working days. Write to help@shop.example."
    assert unborne_facts(shown, _brief(Source("a", "How long?", text))) == facts


def test_lies_made_by_hand_are_of_all_kinds_and_about_entries_that_exist() -> None:
    asked = read_asked([KEPT])
    assert set(Counter(lie.kind for lie in asked.lies).values()) == {12}
    assert {lie.kind for lie in asked.lies} == set(KINDS)
    assert {lie.entry for lie in asked.lies} <= {source.id for source in SOURCES}
    assert all(lie.lie in lie.as_lie().reply for lie in asked.lies)


def test_the_judge_passes_true_replies_in_other_words() -> None:
    entries = {source.id: source for source in SOURCES}
    truths = read_asked([KEPT_TRUTHS]).truths
    unborne = [
        (each.truth, facts)
        for each in truths
        if (facts := unborne_facts(each.truth, _brief(entries[each.entry])))
    ]
    assert len(truths) == 60
    assert len(unborne) <= 3, unborne


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (19, "nineteen"),
        (42, "forty-two"),
        (115, "one hundred and fifteen"),
        (1499, "one thousand four hundred and ninety-nine"),
    ],
)
def test_numbers_in_words_and_back(number: int, words: str) -> None:
    assert in_words(number) == words
    assert in_digits(f"It is {words}.") == f"It is {number}."


def test_a_lying_model_says_its_text_in_pieces() -> None:
    text = "It costs **£5**.\n\n- Even on Sundays."
    with LyingModel(text).stream([], max_tokens=1, due_at=0.0) as stream:
        pieces = list(stream)
        assert "".join(pieces) == text
        assert stream.usage.completion_tokens == len(pieces)
