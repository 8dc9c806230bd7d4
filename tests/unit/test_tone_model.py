"""The shipped head on the tone encoder that it was trained for."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from shared.jobs import Tone
from workers.engines import layout
from workers.engines.engine import TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.modelling.tone import corpus
from workers.modelling.tone.evaluation import evaluate_corpus, evaluate_emotions
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for
from workers.tone.classifier import LexiconClassifier, ToneClassifier
from workers.tone.prior import read_prior

PRIOR = read_prior(WorkerSettings.model_fields["tone_prior"].default)
Classify = Callable[[Sequence[str]], list[Tone]]


@pytest.fixture(scope="module")
def classify(model_dir: Path) -> Classify:
    engine = LiteRtEngine(model_dir, "tone")
    engine.warm()
    preprocessor = Preprocessor(Tokenizer.load(model_dir))
    classifier = classifier_for(model_dir, PRIOR)
    assert isinstance(classifier, ToneClassifier)

    def tones(messages: Sequence[str]) -> list[Tone]:
        prepared = preprocessor.prepare(messages)
        vectors = engine.run(TokenBatch.of([message.ids for message in prepared])).vectors
        return classifier.classify([message.text for message in prepared], vectors)

    return tones


@pytest.mark.parametrize(
    ("message", "label", "emotion"),
    [
        ("When will my parcel arrive?", "neutral", "calm"),
        ("do you ship to Norway", "neutral", "calm"),
        ("How do I return the shoes I bought on Monday?", "neutral", "calm"),
        ("This is the third time I'm asking. Nobody answers!!!", "negative", "frustrated"),
        ("Worst shop ever, I WANT MY MONEY BACK", "negative", "angry"),
        ("😡😡😡 your courier is an idiot", "negative", "angry"),
        ("I'm really worried that someone has my card", "negative", "worried"),
        ("The vase arrived in pieces, what a pity", "negative", "disappointed"),
        ("I don't understand which form you mean", "neutral", "confused"),
        ("thank you sooo much, that helped :)", "positive", "grateful"),
        ("I love the new lamp, it's perfect!", "positive", "happy"),
        ("could my boss collect the order for me", "neutral", "calm"),
        ("we are lawyers, can we pay by invoice?", "neutral", "calm"),
        ("none of these", "neutral", "calm"),
        ("no, nothing else", "neutral", "calm"),
        ("My lawyer will hear of this, you crooks", "negative", "angry"),
    ],
)
def test_plain_cases(classify: Classify, message: str, label: str, emotion: str) -> None:
    (tone,) = classify([message])
    assert tone.label == label
    assert max(tone.emotions, key=lambda name: tone.emotions[name]) == emotion


def test_sentences_that_training_never_saw(classify: Classify) -> None:
    sentences = corpus.read_held_out()
    tones, emotions = evaluate_corpus(sentences, classify), evaluate_emotions(sentences, classify)
    assert tones.macro_f1 is not None
    assert tones.macro_f1 >= 0.8
    assert emotions.macro_f1 is not None
    assert emotions.macro_f1 >= 0.75


def test_a_tone_does_not_depend_on_its_batch(classify: Classify) -> None:
    messages = corpus.read_held_out().messages
    for message, together in zip(messages, classify(messages), strict=True):
        (alone,) = classify([message])
        assert alone.label == together.label
        assert alone.score == pytest.approx(together.score, abs=0.002)


def test_another_encoder_is_judged_by_the_lexicon(
    model_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = msgspec.json.decode((model_dir / layout.MANIFEST).read_bytes())
    manifest["source"]["sha256"] = "0" * 64
    (tmp_path / layout.MANIFEST).write_bytes(msgspec.json.encode(manifest))
    with caplog.at_level(logging.WARNING):
        classifier = classifier_for(tmp_path, PRIOR)
    assert isinstance(classifier, LexiconClassifier)
    assert "parley tone train" in caplog.text
