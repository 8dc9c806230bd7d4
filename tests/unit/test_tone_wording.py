import re
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import UNKNOWN_TONE, Tone, ToneLabel
from workers.tone.emotions import EMOTIONS, TONE_OF, leading_emotion
from workers.tone.wording import Opener, Wording

WORDING = Wording.load()
ANSWER = "Parcels arrive within three days."
TONES = st.builds(
    Tone,
    label=st.sampled_from(["positive", "neutral", "negative", "unknown"]),
    score=st.floats(0, 1),
    emotions=st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1)),
)
KINDS_OF_ANSWER = ["answer", "clarify", "smalltalk", "recall", "handover", "fallback"]
KINDS = st.sampled_from(KINDS_OF_ANSWER)


def negative(score: float = 0.7, **emotions: float) -> Tone:
    return Tone("negative", score, emotions)


def adapt(
    tone: Tone | None,
    used: tuple[str, ...] = (),
    tones: Mapping[str, str] | None = None,
    kind: str = "answer",
    key: str = "",
    answer: str = ANSWER,
) -> tuple[str, tuple[str, ...]]:
    return WORDING.adapt(answer, tones or {}, tone, used, kind, key)


@pytest.mark.parametrize(
    "tone",
    [
        None,
        UNKNOWN_TONE,
        Tone("neutral", 0.9, {"calm": 0.9}),
        Tone("negative", 0.5, {"angry": 0.4}),
    ],
)
def test_a_plain_message_gets_the_plain_answer(tone: Tone | None) -> None:
    assert adapt(tone, tones={"negative": "Sorry."}) == (ANSWER, ())


def test_empathy_comes_before_the_answer() -> None:
    text, phrases = adapt(negative(frustrated=0.6))
    assert text.endswith(f" {ANSWER}")
    assert len(text) > len(ANSWER) + 10
    assert phrases[0].startswith("fru-")


@pytest.mark.parametrize("emotion", [name for name in EMOTIONS if TONE_OF[name] != "neutral"])
def test_an_opener_suits_the_leading_emotion(emotion: str) -> None:
    emotions = dict.fromkeys(EMOTIONS, 0.03) | {emotion: 0.7}
    _, (phrase,) = adapt(Tone(TONE_OF[emotion], 0.7, emotions))
    assert phrase.startswith(f"{emotion[:3]}-")


def test_strong_words_need_a_plain_tone() -> None:
    strong = Wording([Opener("s", "negative", "So sorry.", strong=True)])
    assert strong.adapt(ANSWER, {}, negative(0.7), (), "answer") == (ANSWER, ())
    assert strong.adapt(ANSWER, {}, negative(0.9), (), "answer") == (f"So sorry. {ANSWER}", ("s",))


def test_the_entry_speaks_first_and_once() -> None:
    tones = {"negative": "Sorry. " + ANSWER}
    text, phrases = adapt(negative(angry=0.9), tones=tones)
    assert text == tones["negative"]
    again, more = adapt(negative(angry=0.9), used=phrases, tones=tones)
    assert again.endswith(ANSWER)
    assert set(more).isdisjoint(phrases)


@pytest.mark.parametrize(
    ("label", "kind"),
    [("positive", "fallback"), ("positive", "handover"), ("negative", "smalltalk")],
)
def test_some_replies_take_no_opener(label: ToneLabel, kind: str) -> None:
    assert adapt(Tone(label, 0.9), kind=kind) == (ANSWER, ())


@pytest.mark.parametrize("answer", ["1. Open the app.", "- first", "# Refunds", "> note", "| a |"])
def test_markdown_blocks_start_their_own_paragraph(answer: str) -> None:
    text, _ = adapt(negative(), answer=answer)
    assert text.endswith(f"\n\n{answer}")


@given(st.lists(st.tuples(TONES, KINDS), max_size=80))
def test_no_phrase_comes_twice_in_a_conversation(turns: list[tuple[Tone, str]]) -> None:
    used: list[str] = []
    for number, (tone, kind) in enumerate(turns):
        text, phrases = adapt(tone, used=tuple(used), kind=kind, key=f"job-{number}")
        assert set(phrases).isdisjoint(used)
        assert text == ANSWER or phrases
        used.extend(phrases)


def test_a_long_quarrel_runs_out_of_openers_not_of_answers() -> None:
    used: list[str] = []
    while True:
        text, phrases = adapt(negative(0.9, angry=0.9), used=tuple(used))
        if not phrases:
            break
        used.extend(phrases)
    assert text == ANSWER
    assert len(used) >= 10


def test_jobs_spread_over_the_stock_and_each_is_certain() -> None:
    choices = [adapt(negative(frustrated=0.9), key=f"job-{number}") for number in range(200)]
    assert choices == [
        adapt(negative(frustrated=0.9), key=f"job-{number}") for number in range(200)
    ]
    assert len({phrases for _, phrases in choices}) >= 5


def test_the_stock_is_large_and_its_ids_are_unique() -> None:
    openers = WORDING._openers
    tones = Counter(opener.tone for opener in openers)
    assert tones["negative"] >= 50
    assert tones["positive"] >= 25
    assert tones["offer"] >= 5
    assert len({opener.id for opener in openers}) == len({opener.text for opener in openers})
    assert len({opener.id for opener in openers}) == len(openers)
    assert all("," not in opener.id for opener in openers)
    assert {emotion for opener in openers for emotion in opener.emotions} <= set(EMOTIONS)


CHEERFUL = re.compile(
    r"!|\b(great|lovely|wonderful|brilliant|delighted|smile|pleasure|happy|glad(ly)?|nice|pleased)\b",
    re.IGNORECASE,
)
UPSET = ["worried", "disappointed", "frustrated", "angry"]


@pytest.mark.parametrize("opener", WORDING._openers, ids=lambda opener: opener.id)
def test_every_opener_is_one_short_sentence(opener: Opener) -> None:
    assert re.fullmatch(r"[^.!?]+[.!?]", opener.text)
    assert len(opener.text) <= 80


@pytest.mark.parametrize(
    "opener", [each for each in WORDING._openers if each.tone != "positive"], ids=lambda o: o.id
)
def test_no_sentence_for_the_upset_is_cheerful(opener: Opener) -> None:
    assert not CHEERFUL.search(opener.text)


@pytest.mark.parametrize("label", ["positive", "neutral", "negative", "unknown"])
@pytest.mark.parametrize("kind", KINDS_OF_ANSWER)
@pytest.mark.parametrize("feeling", UPSET)
@pytest.mark.parametrize("share", [0.16, 0.3, 0.6, 0.9])
def test_nothing_is_cheerful_at_the_angry(
    label: ToneLabel, kind: str, feeling: str, share: float
) -> None:
    """Whatever the label says: sarcasm may pass for praise."""
    others = {"happy": (1 - share) / 2, "grateful": (1 - share) / 2}
    for score in (0.5, 0.6, 0.8, 1.0):
        for key in map(str, range(40)):
            text, _ = adapt(Tone(label, score, {feeling: share} | others), kind=kind, key=key)
            assert not CHEERFUL.search(text)


@pytest.mark.parametrize("kind", KINDS_OF_ANSWER)
@pytest.mark.parametrize("feeling", ["happy", "grateful"])
def test_who_was_upset_before_is_thanked_gently(kind: str, feeling: str) -> None:
    tone = Tone("positive", 0.95, {feeling: 0.95})
    for key in map(str, range(40)):
        text, phrases = adapt(tone, used=("ang-apology",), kind=kind, key=key)
        assert "!" not in text
        assert text == ANSWER or phrases


@pytest.mark.parametrize("kind", ["recall", "clarify", "handover", "fallback"])
@pytest.mark.parametrize("feeling", UPSET)
def test_only_an_answer_is_announced(kind: str, feeling: str) -> None:
    leading = {opener.id for opener in WORDING._openers if opener.leads}
    for key in map(str, range(40)):
        _, phrases = adapt(negative(0.9, **{feeling: 0.9}), kind=kind, key=key)
        assert leading.isdisjoint(phrases)


def test_a_person_is_offered_in_ever_other_words() -> None:
    used: list[str] = []
    texts = set()
    for _ in range(6):
        text, phrases = WORDING.offer_person(used, "job")
        texts.add(text)
        used += phrases
    assert len(texts) == len(set(used)) == 6
    assert WORDING.offer_person(used) == ("", ())


def test_the_leading_emotion_is_one_of_the_label() -> None:
    assert leading_emotion({"calm": 0.9, "angry": 0.2, "worried": 0.3}, "negative") == "worried"
    assert leading_emotion({"calm": 0.9}, "negative") is None
