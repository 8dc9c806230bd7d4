"""How well tones are told apart: macro-F1, in which each tone counts alike."""

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

Places = NDArray[np.intp]
Judge = Callable[[Sequence[str]], Sequence[Tone]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Figures on one set: rows, macro-F1 (None without labels), share of each label given."""

    rows: int
    macro_f1: float | None
    shares: Mapping[str, float]
    by_label: Mapping[str, float] = field(default_factory=dict)


def label_f1(
    true: Places, given: Places, labels: int, weights: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """Return F1 of each label; 0 where it is never right."""
    counts = np.zeros((labels, labels))
    np.add.at(counts, (true, given), weights)
    hits = np.diag(counts)
    return np.asarray(2 * hits / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1))


def judge_corpus(corpus: Corpus, judge: Judge) -> Verdict:
    """Judge the rows whose tone is certain."""
    certain = np.flatnonzero(corpus.tones >= 0)
    tones = judge([corpus.messages[row] for row in certain])
    return _verdict(corpus.tones[certain], _labels(tones), LABELS)


def judge_emotions(corpus: Corpus, judge: Judge) -> Verdict:
    """Judge the finer emotions of rows that allow exactly one."""
    given = [max(tone.emotions, key=lambda e: tone.emotions[e]) for tone in judge(corpus.messages)]
    places = np.array([EMOTIONS.index(emotion) for emotion in given], np.intp)
    return _verdict(corpus.allowed.argmax(axis=1), places, EMOTIONS)


def judge_airline_tweets(folder: Path, judge: Judge) -> Verdict:
    """Judge airline customers' tweets, on which nothing may be trained or chosen."""
    tweets = read_json_lines(folder / AIRLINE_TWEETS)
    true = np.array([LABELS.index(tweet["label"]) for tweet in tweets], np.intp)
    return _verdict(true, _labels(judge([tweet["text"] for tweet in tweets])), LABELS)


def judge_plain_questions(folder: Path, judge: Judge) -> Verdict:
    """Show how bank customers' questions, mostly plain, are labelled."""
    given = _labels(judge([row["text"] for row in read_json_lines(folder / BANKING)]))
    return Verdict(len(given), None, _shares(given, LABELS))


def _labels(tones: Sequence[Tone]) -> Places:
    return np.array(
        [("negative", "neutral", "positive").index(tone.label) for tone in tones], np.intp
    )


def _verdict(true: Places, given: Places, names: Sequence[str]) -> Verdict:
    scores = label_f1(true, given, len(names))
    by_label = {name: round(float(score), 3) for name, score in zip(names, scores, strict=True)}
    return Verdict(len(true), round(float(scores.mean()), 3), _shares(given, names), by_label)


def _shares(given: Places, names: Sequence[str]) -> dict[str, float]:
    counts = np.bincount(given, minlength=len(names)) / max(len(given), 1)
    return {name: round(float(share), 3) for name, share in zip(names, counts, strict=True)}
