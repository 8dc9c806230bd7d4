"""What a model is told: the rules come first, and whatever else is written stays a text."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_texts import HOSTILE
from tests.support.injections import INJECTIONS
from workers.voice.brief import Brief, Exchange, Source
from workers.voice.prompt import MAX_SOURCE_CHARACTERS, prompts_of
from workers.voice.quoting import is_quotable, quoted

PAY = Source("pay", "How can I pay?", "By card, or by invoice from 20 euros on.")
REFUND = Source("refund", "When is my refund here?", "In five days.")
BRIEF = Brief("answer", "can i pay by card", (PAY,), "By card, or by invoice.")
LIST = "1. How can I pay?\n2. When is my refund here?"
# A generous window of a small model: 8,000 tokens, less what it writes.
MOST_CHARACTERS = 32_000
_TAGS = re.compile("<[^>]*>?")
_CONTROL_TOKEN = re.compile(r"<[|｜/s]|<<|<\w*_of_turn|\[/?INST\]|\[/?[A-Z]+_[A-Z]+\]|\[\|")


def told(brief: Brief = BRIEF, style: str | None = None, shown: str = "") -> str:
    return "\n".join(each.content for each in prompts_of(brief, style, shown))


def filled(text: str) -> str:
    """Return the prompts of a brief that has this text in every place."""
    brief = Brief(
        "answer",
        text,
        (Source("a", text, text), Source("", "", text)),
        text,
        kept=text,
        turns=(Exchange(text, text),),
        language=text,
    )
    return told(brief, text, text)


def test_rules_stand_before_style_sources_turns_and_message() -> None:
    brief = replace(BRIEF, turns=(Exchange("hello there", "Where are you?"),))
    text = told(brief, "Use short words.")
    places = [
        text.index(part)
        for part in (
            "Rules",
            "Use short words.",
            PAY.title,
            PAY.text,
            "hello there",
            "Where are you?",
            brief.message,
            "Answer the message",
        )
    ]
    assert places == sorted(places)


def test_the_beginning_is_the_same_for_all_messages_about_the_same() -> None:
    one, other = (prompts_of(replace(BRIEF, message=text), "formal") for text in ("a", "b"))
    assert [each.role for each in one] == ["system", "user"]
    assert one[0] == other[0]
    assert PAY.text in one[0].content
    assert BRIEF.message not in prompts_of(BRIEF, None)[0].content


def test_what_the_person_wrote_before_is_no_part_of_the_rules() -> None:
    system, user = prompts_of(
        Brief(
            "recall", "what was my number", (Source("", "", "My number is 7."),), "You wrote: 7."
        ),
        None,
    )
    assert "My number is 7." not in system.content
    assert "<written>\nMy number is 7.\n</written>" in user.content
    assert "what they wrote before" in user.content


def test_several_answers_take_a_paragraph_each() -> None:
    assert "one paragraph a source" in told(replace(BRIEF, sources=(PAY, REFUND)))
    assert "one paragraph a source" not in told()


def test_a_question_back_leads_to_its_list_and_answers_nothing() -> None:
    asked = tuple(replace(each, text="") for each in (PAY, REFUND))
    text = told(Brief("clarify", "money", asked, "Which do you mean?", kept=LIST))
    assert "asks which of them is meant" in text
    assert f"do not repeat it:\n<follows>\n{LIST}\n</follows>" in text
    assert text.count("<answer>") == 0


@pytest.mark.parametrize(
    ("tone", "said"), [("negative", "upset"), ("positive", "warm"), ("unknown", None)]
)
def test_the_tone_is_told_where_it_is_known(tone: Any, said: str | None) -> None:
    text = told(replace(BRIEF, tone=tone))
    assert [word for word in ("upset", "warm") if word in text] == ([said] if said else [])


@pytest.mark.parametrize(
    ("code", "said"),
    [("en", "Write in English."), ("de", "in German; names"), ("xx", "language of the message")],
)
def test_the_language_is_named(code: str, said: str) -> None:
    assert said in told(replace(BRIEF, language=code))


def test_a_reply_that_has_begun_goes_on() -> None:
    assert "Write only what comes after it:\n<begun>\nBy card.\n</begun>" in told(shown="By card.")
    assert "<begun>" not in told()


@pytest.mark.parametrize("text", [*INJECTIONS, *HOSTILE])
def test_no_text_leaves_its_place(text: str) -> None:
    assert _TAGS.findall(filled(text)) == _TAGS.findall(filled("a text"))


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_control_token_of_a_chat_template_gets_in(text: str) -> None:
    assert not _CONTROL_TOKEN.search(re.sub(r"</?[a-z]+>", "", filled(text)))
    assert not re.search("[\u200b\u00ad\u2060\x00\r\U000e0000-\U000e01ef]", filled(text))


@given(st.text(alphabet=st.sampled_from("<>/|[]()aIinNsST_\n\u200b \uff1c12@.:"), max_size=40))
def test_quoting_ends_no_tag_whatever_the_text(text: str) -> None:
    said = quoted(text, 100)
    assert not re.search(r"<(?!\s?\d)|\[/?INST\]|\[\|.*\]", said)
    assert len(said) <= len(text)
    assert quoted(said, 100) == said


@pytest.mark.parametrize(
    "text",
    [
        "Parcels of < 5 kg, or <$20, cost less; > 20 kg are refused. Size <= 2 m.",
        "See [FAQ](https://x.example/faq) and [MY_ORDERS](https://x.example/orders?a=1#b).",
        "- one\n- two\n\n> quoted\n\n`[order number]` **bold**",
        "می\u200cخواهم 👩\u200d👧 ❤\ufe0f",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert quoted(text, 500) == text
    assert is_quotable(text)


def test_links_in_brackets_lose_these_alone() -> None:
    text = "Write to <help@x.example> or see <https://x.example/a>."
    assert quoted(text, 500) == "Write to help@x.example or see https://x.example/a."
    assert is_quotable(text)
    assert not is_quotable("Put <your name> there.")


def test_a_long_text_ends_with_a_sentence() -> None:
    assert quoted("By card. By invoice (from 20.50 euros). Or in cash.", 45) == (
        "By card. By invoice (from 20.50 euros). …"
    )
    assert quoted("word " * 30, 12) == "word word …"
    assert quoted("x" * 30, 10) == "xxxxxxxx …"


def test_a_prompt_is_bounded_whatever_comes_in() -> None:
    long = "A long sentence. " * 3_000
    many = tuple(Source(str(n), long, long) for n in range(50))
    turns = (Exchange(long, long),) * 50
    brief = Brief("answer", long, many, long, kept=long, turns=turns, language=long)
    assert len(told(brief, long, long)) < MOST_CHARACTERS


def test_sources_that_fit_together_are_whole() -> None:
    long = replace(PAY, text="x" * (MAX_SOURCE_CHARACTERS - 200))
    text = told(replace(BRIEF, sources=(long, REFUND)))
    assert long.text in text
    assert REFUND.text in text
