"""Train the tone head and report on sets that it has not seen: `parley tone train`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from shared.jobs import Tone
from workers.modelling.tone import corpus, evaluation
from workers.modelling.tone.corpus import Corpus
from workers.modelling.tone.evaluation import EvalMetrics
from workers.modelling.tone.fit import Recipe, Rows, fit, join_inputs
from workers.tone.classifier import Classifier, LexiconClassifier, ToneClassifier
from workers.tone.cues import CueReader, FloatArray
from workers.tone.emotions import Label
from workers.tone.head import Head

Progress = Callable[[str, float], None]
Prior = Mapping[Label, float]

# Chosen by folds over our own examples and on GoEmotions/dev: docs/experiments/tone.md.
_EXAMPLES_SHARE = 2.0  # total weight of our own examples against that of the public sets


class MessageEncoder(Protocol):
    """Reads messages as the sentiment worker does."""

    @property
    def identity(self) -> str:
        """Return what `workers.tone.choice.encoder_of` says of its model."""

    def encode(
        self, messages: Sequence[str], progress: Callable[[float], None]
    ) -> tuple[list[str], FloatArray]:
        """Return clean texts and their vectors [rows, dimension]."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was trained, and metrics by set; airline tweets are evaluated only."""

    rows: int
    head_bytes: int
    recipe: Recipe
    metrics_by_set: Mapping[str, EvalMetrics] = field(default_factory=dict)


def train(
    encoder: MessageEncoder,
    data: Path,
    head_path: Path,
    prior: Prior,
    recipe: Recipe | None = None,
    progress: Progress = lambda _stage, _share: None,
) -> TrainingReport:
    """Fit a head on GoEmotions/train, VADER's tweets and our examples, and write it.

    `data` holds the public sets. Raises ModelError if one that training needs is missing.
    """
    recipe = recipe or Recipe()
    _require(data)
    public = [
        corpus.read_goemotions(data, "train", narrowed=True),
        corpus.read_vader_tweets(data),
    ]
    whole = Corpus.joined([*public, corpus.read_examples()])
    texts, vectors = encoder.encode(whole.messages, lambda share: progress("reading", share))
    rows = Rows(join_inputs(vectors, CueReader().read(texts)), whole.allowed, _weights(whole))
    head = fit(rows, recipe, encoder.identity, lambda share: progress("fitting", share))
    head.save(head_path)
    metrics_by_set = evaluate(encoder, data, head_path, prior, progress)
    return TrainingReport(len(texts), head_path.stat().st_size, recipe, metrics_by_set)


def evaluate(
    encoder: MessageEncoder,
    data: Path,
    head_path: Path,
    prior: Prior,
    progress: Progress = lambda _stage, _share: None,
) -> dict[str, EvalMetrics]:
    """Evaluate a head on every set that is there, where tones are as common as `prior` says."""
    head = Head.load(head_path).with_prior(prior)
    head_tones = _classify_with(ToneClassifier(head, CueReader()), encoder, progress)
    lexicon_tones = _classify_with(LexiconClassifier(CueReader()), encoder, progress)
    held_out = corpus.read_held_out()
    development, manners = corpus.read_development()
    metrics_by_set = {
        "development": evaluation.evaluate_corpus(development, head_tones),
        "development, right by manner": evaluation.evaluate_by_manner(
            development, manners, head_tones
        ),
        "held-out sentences": evaluation.evaluate_corpus(held_out, head_tones),
        "held-out sentences, emotions": evaluation.evaluate_emotions(held_out, head_tones),
        "held-out sentences, VADER alone": evaluation.evaluate_corpus(held_out, lexicon_tones),
    }
    for split in ("dev", "test"):
        if (data / corpus.GOEMOTIONS / f"{split}.tsv").exists():
            rows = corpus.read_goemotions(data, split, narrowed=False)
            metrics_by_set[f"GoEmotions {split}"] = evaluation.evaluate_corpus(rows, head_tones)
            metrics_by_set[f"GoEmotions {split}, VADER alone"] = evaluation.evaluate_corpus(
                rows, lexicon_tones
            )
    if (data / evaluation.AIRLINE_TWEETS).exists():
        metrics_by_set["airline tweets"] = evaluation.evaluate_airline_tweets(data, head_tones)
        metrics_by_set["airline tweets, VADER alone"] = evaluation.evaluate_airline_tweets(
            data, lexicon_tones
        )
    if (data / evaluation.BANKING).exists():
        metrics_by_set["Banking77 questions"] = evaluation.evaluate_plain_questions(
            data, head_tones
        )
    return metrics_by_set


def _classify_with(
    classifier: Classifier, encoder: MessageEncoder, progress: Progress
) -> evaluation.Classify:
    def tones(messages: Sequence[str]) -> list[Tone]:
        return classifier.classify(
            *encoder.encode(messages, lambda share: progress("evaluating", share))
        )

    return tones


def _require(data: Path) -> None:
    for needed in (f"{corpus.GOEMOTIONS}/train.tsv", corpus.VADER_TWEETS):
        if not (data / needed).is_file():
            raise ModelError(f"Training needs {data / needed}: give the folder that has it.")


def _weights(whole: Corpus) -> FloatArray:
    """Let the tones of the public sets, and the emotions of our examples, count alike."""
    weights = np.zeros(len(whole.messages), np.float32)
    public = whole.patterns < 0
    tones = np.maximum(whole.tones, 0)  # mixed feelings count as negative
    weights[public] = _balanced(tones[public], power=1.0)
    examples = _balanced(whole.allowed[~public].argmax(axis=1), power=0.5)
    weights[~public] = examples * _EXAMPLES_SHARE * weights[public].sum() / examples.sum()
    return weights


def _balanced(classes: NDArray[np.intp], power: float) -> FloatArray:
    counts = np.maximum(np.bincount(classes), 1)
    return np.asarray((len(classes) / counts[classes]) ** power, np.float32)
