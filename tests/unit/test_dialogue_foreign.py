"""Who writes in another language is answered in it, and gets a person by their own word for one."""

import re
from dataclasses import replace

import pytest
import yaml

from workers.dialogue.cues import read_cues
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Heard
from workers.dialogue.foreign import PHRASES, Matter, foreign_text
from workers.dialogue.phrases import FOREIGN_HANDOVER, UNREADABLE
from workers.dialogue.state import Dialogue
from workers.knowledge.finder import Finding, Thresholds
from workers.reading.escalation import find_escalation
from workers.reading.languages import language_of

_MATTERS: tuple[Matter, ...] = ("unread", "handover", "called", "english", "self_harm")
_TEXTS: dict[str, dict[Matter, str]] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
_NAMED = re.compile(r"[«»“„”‘「]\s*([^«»“„”‘’「」]+?)\s*[»«”“’」]")
_DECIDER = Decider(Thresholds(answer_from=0.6, clarify_from=0.3), {})
_MESSAGES = {
    "es": "¿Dónde está mi pedido?",
    "hi": "मेरा ऑर्डर कहाँ है?",
    "zh-Hant": "我的訂單還沒到",
    "zh": "我的订单在哪里",
    "hi-Latn": "mera saman kidhar hai",
    "ar": "أين طلبي؟",
}


def _heard(message: str) -> Heard:
    language = language_of(message)
    return Heard(
        message, Dialogue("small"), Finding(message, ()), unreadable="language", language=language
    )


@pytest.mark.parametrize("language", sorted(_TEXTS))
def test_each_language_has_all_texts_in_itself(language: str) -> None:
    texts = _TEXTS[language]
    assert set(texts) == set(_MATTERS)
    assert {language_of(text) for text in texts.values()} == {language[:2]}


@pytest.mark.parametrize("language", sorted(_TEXTS))
def test_the_word_that_brings_a_person_is_understood(language: str) -> None:
    named = _NAMED.search(_TEXTS[language]["unread"])
    assert named is not None
    escalation = find_escalation(named.group(1))
    assert escalation is not None
    assert escalation.kind == "person"


@pytest.mark.parametrize("language", sorted(_MESSAGES))
def test_a_foreign_message_is_answered_in_its_language_and_letters(language: str) -> None:
    heard = _heard(_MESSAGES[language])
    first = _DECIDER.decide(heard)
    assert (first.answer.kind, first.text) == ("fallback", _TEXTS[language]["unread"])
    assert first.offers_person
    assert first.solemn  # an English opener before it would be read by nobody
    again = replace(heard, dialogue=replace(heard.dialogue, unclear=1))
    second = _DECIDER.decide(again)
    assert (second.handover, second.text) == ("unanswered", _TEXTS[language]["handover"])
    called = _DECIDER.decide(replace(again, person_called=True))
    assert (called.handover, called.text) == (None, _TEXTS[language]["called"])


def test_who_asks_for_a_person_in_their_language_is_told_in_it() -> None:
    heard = replace(_heard("quiero hablar con una persona"), escalation="wish")
    decision = _DECIDER.decide(heard)
    assert (decision.handover, decision.text) == ("wish", _TEXTS["es"]["handover"])
    called = _DECIDER.decide(replace(heard, person_called=True))
    assert called.text == _TEXTS["es"]["called"]
    grave = _DECIDER.decide(replace(heard, escalation="self_harm"))
    assert (grave.handover, grave.text) == ("self_harm", _TEXTS["es"]["self_harm"])
    legal = _DECIDER.decide(replace(heard, escalation="legal"))
    assert legal.text != _TEXTS["es"]["handover"]


def test_a_language_that_is_not_spoken_gets_the_english_words() -> None:
    heard = replace(_heard("Hvar er pöntunin mín?"), language="is")
    assert _DECIDER.decide(heard).text in UNREADABLE["language"]
    second = _DECIDER.decide(replace(heard, dialogue=replace(heard.dialogue, unclear=1)))
    assert second.text == FOREIGN_HANDOVER
    assert foreign_text("unread", None, "hello") is None


@pytest.mark.parametrize(
    "message",
    [
        "páseme con un agente por favor",
        "un humain s'il vous plaît",
        "passez-moi un responsable",
        "Ich möchte mit einem Mitarbeiter sprechen",
        "vorrei parlare con un operatore",
        "quero falar com um atendente",
        "kan ik met een mens praten",
        "połącz mnie z człowiekiem",
        "müşteri temsilcisi ile görüşmek istiyorum",
        "соедините с оператором",
        "أريد التحدث مع موظف",
        "转人工",
        "請轉真人",
        "किसी इंसान से बात करनी है",
        "kisi insaan se baat karni hai",
        "担当者につないでください",
        "상담원 연결해 주세요",
        "saya mau bicara dengan petugas",
        "jag vill prata med en människa",
        "chci mluvit s operátorem",
        "θέλω να μιλήσω με εκπρόσωπο",
        "ขอคุยกับเจ้าหน้าที่",
        "אני רוצה לדבר עם נציג",
    ],
)
def test_a_wish_for_a_person_is_heard_in_other_languages(message: str) -> None:
    escalation = find_escalation(message)
    assert escalation is not None
    assert escalation.kind == "person"


@pytest.mark.parametrize(
    "message",
    [
        "no quiero hablar con una persona",
        "ich will nicht mit einem Menschen sprechen",
        "mens shoes size 9",
        "orang utan toy",
        "persona 5 for playstation",
        "una persona ha firmado mi paquete",
        "ne veux pas parler à un conseiller",
    ],
)
def test_who_wants_none_gets_none(message: str) -> None:
    assert find_escalation(message) is None


@pytest.mark.parametrize(
    "message",
    [
        "ya no puedo más, quiero morir",
        "je veux mourir",
        "ich denke an Selbstmord",
        "ich will nicht mehr leben",
        "voglio uccidermi",
        "quero morrer",
        "chcę się zabić",
        "ölmek istiyorum",
        "я не хочу жить",
        "أريد أن أموت",
        "我想自杀",
        "死にたい",
        "죽고 싶어요",
        "मैं मरना चाहता हूँ",
    ],
)
def test_who_speaks_of_taking_their_life_gets_a_person_at_once(message: str) -> None:
    cues = read_cues(message, Dialogue("small"), {})
    assert cues.escalation == "self_harm"
    assert cues.language is not None


@pytest.mark.parametrize("message", ["suicide squad dvd", "morir by mistake?", "tuer sofa"])
def test_films_and_names_call_nobody(message: str) -> None:
    assert read_cues(message, Dialogue("small"), {}).escalation is None
