"""What the demo base answers, with the real model, to questions in words that it does not use.

The questions were written before retrieval first ran on the base and are kept as they were. The
figures are in docs/quality.md. Processors round int8 differently, which moves single questions; the
bounds leave room for four, so that only a real loss shows.
"""

from collections import Counter
from pathlib import Path

import pytest

from shared.settings import load
from tests.data import answerable, unanswerable
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import Dialogue
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import Encoder, encode
from workers.knowledge.finder import Finder
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import build_finder
from workers.modelling.knowledge.tuning import open_encoder
from workers.settings import WorkerSettings

Asked = tuple[Finder, Encoder]


@pytest.fixture(scope="module")
def asked(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    cache = tmp_path_factory.mktemp("cache")
    encoder = open_encoder(load(WorkerSettings, model_dir=model_dir, engine="litert"))
    return build_finder(DEMO, EmbeddingCache(cache, encoder), cache), encoder


def ask(asked: Asked, *questions: str) -> list[Decision]:
    finder, encoder = asked
    decider = Decider(finder.thresholds, finder.entries)
    findings = finder.find(questions, encode(encoder, questions))
    return [decider.decide(Heard(each.text, Dialogue("test"), each)) for each in findings]


def test_most_questions_in_foreign_words_find_their_entry(asked: Asked) -> None:
    questions = answerable()
    decisions = ask(asked, *(question for question, _ in questions))
    pairs = list(zip(decisions, (entry for _, entry in questions), strict=True))
    first = sum(decision.answer.id == entry for decision, entry in pairs)
    offered = sum(
        entry in {decision.answer.id, *(each.id for each in decision.answer.alternatives)}
        for decision, entry in pairs
    )
    assert len(questions) == 60
    assert first >= 46  # 50
    assert offered >= 53  # 57


def test_an_answer_that_is_given_is_nearly_always_the_right_one(asked: Asked) -> None:
    questions = answerable()
    decisions = ask(asked, *(question for question, _ in questions))
    given = [
        decision.answer.id == entry
        for decision, (_, entry) in zip(decisions, questions, strict=True)
        if decision.answer.kind in ("answer", "handover")
    ]
    assert len(given) >= 18  # 23, of which 22 are right
    assert sum(given) / len(given) >= 0.8


def test_most_questions_without_an_answer_get_none(asked: Asked) -> None:
    questions = [question for question, _ in unanswerable()]
    kinds = Counter(decision.answer.kind for decision in ask(asked, *questions))
    assert len(questions) == 30
    assert kinds["answer"] + kinds["handover"] <= 4  # 2


@pytest.mark.parametrize(
    ("message", "kind", "entry"),
    [
        ("How long does delivery take?", "answer", "delivery-times"),
        ("hi, where's my parcel", "answer", "delivery-track"),
        ("How can I pay?", "answer", "payment-methods"),
        (
            "Good morning, I hope you are well. Where is my parcel? Thanks, Anna",
            "answer",
            "delivery-track",
        ),
        ("sorry to bother you but how can i pay, cheers", "answer", "payment-methods"),
        ("hello!", "smalltalk", "smalltalk-greeting"),
        ("thank you so much", "smalltalk", "smalltalk-thanks"),
        ("I want to speak to a human", "handover", "contact-human"),
        ("somebody has hacked my account", "handover", "account-hacked"),
    ],
)
def test_everyday_messages(asked: Asked, message: str, kind: str, entry: str) -> None:
    (decision,) = ask(asked, message)
    assert (decision.answer.kind, decision.answer.id) == (kind, entry)
    assert decision.answer.confidence > 0.5


def test_nonsense_gets_an_honest_no(asked: Asked) -> None:
    for message in ("qwrtz plmk", "what is the boiling point of mercury"):
        (decision,) = ask(asked, message)
        assert decision.answer.kind == "fallback"


def test_batch_mates_change_no_answer(asked: Asked) -> None:
    questions = [question for question, _ in answerable()]
    together = ask(asked, *questions)
    for question, expected in zip(questions[:20], together, strict=False):
        (alone,) = ask(asked, question)
        assert alone.answer.id == expected.answer.id
        assert abs(alone.answer.confidence - expected.answer.confidence) <= 0.001
