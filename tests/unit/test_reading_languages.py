"""Messages in other languages are told from English and from each other; English never is one."""

import pytest

from tests.support.growth import LINEAR, growth
from tests.support.language_figures import SPELT_OUT, messages_of, told, total
from workers.dialogue.cues import read_cues
from workers.dialogue.state import Asked, Dialogue
from workers.reading.languages import language_of, load_soon
from workers.reading.legibility import judge_legibility

_FIRST = Dialogue("small")


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("languages_development", 0.95),
        ("languages_development_2", 0.85),
        ("languages_unseen", 0.8),
    ],
)
def test_messages_in_other_languages_are_found_and_named(name: str, least: float) -> None:
    figures = {language: told(language, those) for language, those in messages_of(name).items()}
    whole = total(list(figures.values()))
    assert whole.named >= least * whole.messages
    del figures[SPELT_OUT]
    rest = total(list(figures.values()))
    assert rest.found >= least * rest.messages


@pytest.mark.parametrize(
    "message",
    [
        "déjà vu",
        "Crème brûlée torch",
        "Häagen-Dazs",
        "café con leche maker",
        "José Martínez",
        "Łukasz Świątek",
        "São Paulo",
        "Rajesh Kumar Sharma",
        "BNP Paribas transfer",
        "kindly do the needful",
        "paneer tikka masala",
        "Ashwagandha capsules dosage",
        "bhai refund",
        "yo wassup fam",
        "refund pls bro",
        "gracias amigo for your help",
        "ha ha ha ha ha",
        "s p o i l e r s",
        "hlo sir",
        "how do you say thank you in spanish",
        "Volkswagen Golf",
        "biotin hair gummies",
        "Abergavenny Llandudno",
        "wat is dis",
        "order 12345 status",
    ],
)
def test_english_is_no_other_language(message: str) -> None:
    assert language_of(message) is None
    assert judge_legibility(message).readable


def test_what_is_foreign_and_unknown_has_no_name() -> None:
    assert judge_legibility("ᏙᎯᏧ ᎤᎾᎵᎢ").reason == "script"
    assert language_of("ᏙᎯᏧ ᎤᎾᎵᎢ") is None


def test_chat_spelling_hides_no_language() -> None:
    cues = read_cues("wat zijn de openingstijden", _FIRST, {})
    assert (cues.unreadable, cues.language) == ("language", "nl")


def test_hindi_that_can_be_spelt_out_is_read_and_named() -> None:
    cues = read_cues("mera order kab aayega", _FIRST, {})
    assert (cues.unreadable, cues.language) == (None, "hi")


def test_a_word_for_a_person_is_in_the_language_of_the_conversation() -> None:
    asked = Asked("Onde está o meu pedido?", b"", "fallback", None)
    before = Dialogue("small", asked=(asked,))
    for word in ("operador", "person"):
        cues = read_cues(word, before, {})
        assert (cues.escalation, cues.language) == ("wish", "pt")
    assert read_cues("please let me talk to a human", before, {}).language is None
    assert read_cues("person", _FIRST, {}).language is None


def test_the_identifier_is_loaded_once() -> None:
    load_soon()
    load_soon()
    assert language_of("kartım çalındı") == "tr"


@pytest.mark.parametrize("unit", ["qui ", "я ", "sí, ", "kya ", "xx yy "])
def test_a_flood_costs_little(unit: str) -> None:
    size = 4_000 // len(unit) // 4
    assert growth(lambda times: language_of(unit * times), size) < LINEAR
