"""How well tones are classified: macro-F1, in which each tone counts alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.jobs import Tone
from workers.modelling.tone.corpus import Corpus, read_json_lines
from workers.tone.emotions import EMOTIONS, LABELS

AIRLINE_TWEETS = "airline_tweets.jsonl"
BANKING = "banking77_train.jsonl"

_LABEL_INDEX: Mapping[str, int] = {label: index for index, label in enumerate(LABELS)}

Indices = NDArray[np.intp]
Classify = Callable[[Sequence[str]], Sequence[Tone]]


@dataclass(frozen=True, slots=True)
class EvalMetrics:
    """Metrics on one set: rows, macro-F1 (None without labels), share of each predicted label."""

    rows: int
    macro_f1: float | None
    shares: Mapping[str, float]
    by_label: Mapping[str, float] = field(default_factory=dict)


def label_f1(
    labels: Indices, predicted: Indices, count: int, weights: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """Return F1 of each label; 0 if it is never right."""
    counts = np.zeros((count, count))
    np.add.at(counts, (labels, predicted), weights)
    hits = np.diag(counts)
    return np.asarray(2 * hits / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1))


def evaluate_corpus(corpus: Corpus, classify: Classify) -> EvalMetrics:
    """Evaluate on the rows whose tone is certain."""
    certain = np.flatnonzero(corpus.tones >= 0)
    tones = classify([corpus.messages[row] for row in certain])
    return _metrics(corpus.tones[certain], _labels(tones), LABELS)


def evaluate_emotions(corpus: Corpus, classify: Classify) -> EvalMetrics:
    """Evaluate the finer emotions on rows that allow exactly one."""
    tones = classify(corpus.messages)
    strongest = [max(tone.emotions, key=lambda e: tone.emotions[e]) for tone in tones]
    predicted = np.array([EMOTIONS.index(emotion) for emotion in strongest], np.intp)
    return _metrics(corpus.allowed.argmax(axis=1), predicted, EMOTIONS)


def evaluate_by_manner(corpus: Corpus, manners: Sequence[str], classify: Classify) -> EvalMetrics:
    """Return the share of right tones for each manner of writing as `by_label`."""
    right = _labels(classify(corpus.messages)) == corpus.tones
    rows_by_manner = {name: np.array([each == name for each in manners]) for name in manners}
    shares = {name: round(float(right[rows].mean()), 2) for name, rows in rows_by_manner.items()}
    return EvalMetrics(len(right), None, {}, shares)


def evaluate_airline_tweets(folder: Path, classify: Classify) -> EvalMetrics:
    """Evaluate on airline customers' tweets, on which nothing may be trained or chosen."""
    tweets = read_json_lines(folder / AIRLINE_TWEETS)
    labels = np.array([LABELS.index(tweet["label"]) for tweet in tweets], np.intp)
    return _metrics(labels, _labels(classify([tweet["text"] for tweet in tweets])), LABELS)


def evaluate_plain_questions(folder: Path, classify: Classify) -> EvalMetrics:
    """Show how bank customers' questions, mostly plain, are labelled."""
    predicted = _labels(classify([row["text"] for row in read_json_lines(folder / BANKING)]))
    return EvalMetrics(len(predicted), None, _shares(predicted, LABELS))


def _labels(tones: Sequence[Tone]) -> Indices:
    return np.array([_LABEL_INDEX[tone.label] for tone in tones], np.intp)


def _metrics(labels: Indices, predicted: Indices, names: Sequence[str]) -> EvalMetrics:
    scores = label_f1(labels, predicted, len(names))
    by_label = {name: round(float(score), 3) for name, score in zip(names, scores, strict=True)}
    return EvalMetrics(
        len(labels), round(float(scores.mean()), 3), _shares(predicted, names), by_label
    )


def _shares(predicted: Indices, names: Sequence[str]) -> dict[str, float]:
    counts = np.bincount(predicted, minlength=len(names)) / max(len(predicted), 1)
    return {name: round(float(share), 3) for name, share in zip(names, counts, strict=True)}
