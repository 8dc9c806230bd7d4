"""What no English vocabulary reads is told from English, however it is spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.legibility import UNKNOWN, judge_legibility
from workers.reading.spelling import spell_out


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("wo ist mein paket", "language"),
        ("ich möchte meine Bestellung stornieren", "language"),
        ("où est ma commande", "language"),
        ("donde esta mi pedido", "language"),
        ("dove è il mio ordine", "language"),
        ("waar is mijn pakket", "language"),
        ("gdzie jest moja paczka", "language"),
        ("onde está minha encomenda", "language"),
        ("hola", "language"),
        ("no hablo ingles", "language"),
        ("sprichst du deutsch", "language"),
        ("где мой заказ", "script"),
        ("我的包裹在哪里", "script"),
        ("طلبي وين", "script"),
        ("asdfghjkl", "gibberish"),
        ("jnhjkj", "gibberish"),
        ("dfgdfg", "gibberish"),
        ("sdkfjhsdkfjh skdjfh", "gibberish"),
        ("qwerty uiop", "gibberish"),
        ("???", "empty"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_and_why(message: str, reason: str) -> None:
    legibility = judge_legibility(message)
    assert (legibility.readable, legibility.reason) == (False, reason)


@pytest.mark.parametrize(
    "message",
    [
        "where is my order",
        "wher is my ordr",
        "hahahaha",
        "pls",
        "DPD",
        "VAT",
        "lol ok",
        "QWERTY keyboard layout",
        "Łódź delivery?",
        "jalapeño plants",
        "12345",
        "strengths",
        "Knightsbridge store",
        "hmmm",
        "Los Angeles",
        "die cast toy",
        "Das Boot dvd",
        "it's a no",
    ],
)
def test_english_is_read(message: str) -> None:
    assert judge_legibility(message).readable


def test_pieces_tell_what_letters_do_not() -> None:
    shattered = ("z", "##q", "##a", "##x", "##o", "##k", "##i")
    assert judge_legibility("zqaxoki", shattered).reason == "gibberish"
    assert judge_legibility("abcabc", (UNKNOWN, UNKNOWN, "a")).reason == "gibberish"
    assert judge_legibility("my order", ("my", "order")).readable


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ("wher is my ordr", "where is my order"),
        ("can u pls tel me", "can you please tell me"),
        ("plz cancle ur order b4 2moro", "please cancel your order before tomorrow"),
        ("i havent recieved my refnd", "i haven't received my refund"),
        ("mera order kab aayega", "my order when arrive"),
        ("delivery to the U.S. please", "delivery to the U.S. please"),
        ("für Uwe", "für Uwe"),
        ("me too", "me too"),
        ("where is my order", "where is my order"),
    ],
)
def test_chat_spellings_are_written_out(message: str, plain: str) -> None:
    assert spell_out(message) == plain


def test_what_is_written_out_stays_so() -> None:
    once = spell_out("wher is ur msg, plz tel me b4 2nite")
    assert spell_out(once) == once


@given(st.text(max_size=300), st.lists(st.text(max_size=5), max_size=20))
def test_any_text_gets_a_verdict(text: str, pieces: list[str]) -> None:
    legibility = judge_legibility(text, pieces)
    assert legibility.readable == (legibility.reason is None)
    assert len(spell_out(text).split()) >= len(text.split())


@pytest.mark.parametrize("unit", ["qwer", "hahaha", "abab ", "и", "u ", "kya kab ", "x.y "])
def test_a_flood_costs_little(unit: str) -> None:
    size = 4_000 // len(unit) // 4

    def read(times: int) -> object:
        return judge_legibility(unit * times), spell_out(unit * times)

    assert growth(read, size) < LINEAR
