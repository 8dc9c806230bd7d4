import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.preprocessing.clean import clean

RANKS = {word: index for index, word in enumerate(["so", "good", "still", "god", "soo", "stil"])}

MESSY_WORDS = ["[SEP]", "［MASK］", "[S\u200bEP]", "[[CLS]", "soooo", "😡😡", "👍🏽", ":(", "</3"]
MESSY_WORDS += ["e\u0301", "don’t", "!!!!!!", "https://a.example/x", "me@example.com", "123456789"]
MESSY_CHAT = st.lists(
    st.one_of(st.text(max_size=8), st.sampled_from(MESSY_WORDS), st.sampled_from(" \t\n")),
    max_size=8,
).map("".join)


@pytest.mark.parametrize(
    ("messy", "plain"),
    [
        ("where  is\tmy\nparcel?", "where is my parcel?"),
        ("ﬁne ｆｕｌｌ 𝓱𝓮𝓵𝓵𝓸\u00a0½", "fine full hello 1⁄2"),
        ("don’t “worry”…", 'don\'t "worry"...'),
        ("a\u200bb\u202ec\x00d\ufeff", "abc d"),
        ("lone \ud83d surrogate", "lone surrogate"),
        ("flag 🇳🇴 key 🔑 1️⃣", "flag NO key key 1"),
        ("late 😡😡😡", "late angry"),
        ("👍🏽👍🏿 ok ❤️", "good ok love"),
        ("👩🏽‍💻", "woman personal computer"),
        ("▓▓░ ⠿", ""),
    ],
)
def test_unicode_becomes_plain_text(messy: str, plain: str) -> None:
    assert clean(messy).text == plain


@pytest.mark.parametrize(
    ("messy", "plain"),
    [
        ("thanks :)", "thanks happy"),
        ("thanks:)", "thanks happy"),
        ("late :((((", "late sad"),
        ("late :'( again", "late sad again"),
        ("grr >:(", "grr angry"),
        ("(: hi", "happy hi"),
        ("hmm :/", "hmm unsure"),
        ("we <3 it </3", "we love it sad"),
        ("oh no D:", "oh no worried"),
        ("nice =D", "nice happy"),
    ],
)
def test_emoticons_become_words(messy: str, plain: str) -> None:
    assert clean(messy).text == plain


@pytest.mark.parametrize(
    "text",
    ["(see a, b): ok", "at 10:00", "and/or:/etc", "x=d", "note:(x)", "a: b", "score 3:0", "8)"],
)
def test_punctuation_that_only_looks_like_an_emoticon_stays(text: str) -> None:
    assert clean(text).text == text


@pytest.mark.parametrize(
    ("messy", "plain"),
    [
        ("see https://shop.example/a?b=c, please", "see link , please"),
        ("www.shop.example is down", "link is down"),
        ("mail me.you+x@shop.example.org now", "mail email now"),
        ("order 1234567", "order number"),
        ("parcel AB123456789GB", "parcel number"),
        ("call +44 20 7946 0958", "call number"),
        ("card 4111 1111 1111 1111", "card number"),
        ("@shop @help where are you", "where are you"),
        ("on 2024-01-05 I paid 12345", "on 2024-01-05 I paid 12345"),
        ("follow you @shop", "follow you @shop"),
    ],
)
def test_references_become_words(messy: str, plain: str) -> None:
    assert clean(messy).text == plain


@pytest.mark.parametrize(
    ("messy", "plain"),
    [
        ("soooo goooood", "so good"),
        ("STILLLL", "STILL"),
        ("zzzz", "zz"),
        ("why?!?!!!!!!!!", "why?!?!!!"),
        ("good still", "good still"),
    ],
)
def test_stretched_words_take_their_commonest_reading(messy: str, plain: str) -> None:
    assert clean(messy, RANKS).text == plain


@pytest.mark.parametrize("token", ["SEP", "CLS", "MASK", "PAD", "UNK"])
@pytest.mark.parametrize(
    "shape", ["[{}]", "［{}］", "[[{}]]", "[\u200b{}]", "x[{}]y", "[\u2060{}\ufe0f]"]
)
def test_special_tokens_lose_their_brackets(token: str, shape: str) -> None:
    text = clean(shape.format(token)).text
    assert f"[{token}]" not in text
    assert token.lower() in text


def test_plain_messages_are_not_rewritten() -> None:
    assert not clean(" When will my  parcel arrive? ").rewritten
    assert clean("When will my parcel arrive :(").rewritten


@given(MESSY_CHAT)
def test_clean_text_is_readable(message: str) -> None:
    text = clean(message, RANKS).text
    assert text == " ".join(text.split())
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} for char in text)
    assert not any(f"[{token}]" in text for token in ("SEP", "CLS", "MASK", "PAD", "UNK"))


@given(st.lists(st.sampled_from(MESSY_WORDS), max_size=8).map(" ".join))
def test_clean_text_stays_as_it_is(message: str) -> None:
    once = clean(message, RANKS).text
    assert clean(once, RANKS).text == once


@given(st.text(st.characters(codec="ascii", categories=("L", "Zs")), max_size=40))
def test_words_without_mess_stay(message: str) -> None:
    if not any(message[i] == message[i + 1] == message[i + 2] for i in range(len(message) - 2)):
        assert clean(message).text == " ".join(message.split())


@pytest.mark.parametrize(
    "unit", ["a", "ab", "@", "a@", "!", ":)", "1", "1 ", "[", "(", "www.", "😡", "e\u0301"]
)
def test_a_flood_is_cleaned_in_linear_time(unit: str) -> None:
    assert growth(lambda times: clean(unit * times, RANKS), 25_000) < LINEAR
