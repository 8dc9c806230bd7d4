"""Fit the confidence of the TF-IDF variant to people's messages over several bases.

python -m workers.modelling.knowledge.tfidf_fit BASE:MESSAGES…

The demo base and the questions to tune on are always among them; docs/evaluation.md has the rest.
scikit-learn fits it: it is installed where Parley is built and tested, not where it runs.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from workers.evaluation.bases import Base, read_base
from workers.evaluation.forms import read_set
from workers.evaluation.labelled import Question
from workers.evaluation.metrics import Flags, Floats, auc
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import OUT_OF_SCOPE
from workers.knowledge.tfidf_calibration import (
    TFIDF_CALIBRATION,
    TfidfCalibration,
    tfidf_features,
)
from workers.knowledge.tfidf_index import TfidfIndex, TfidfScores

_DEVELOPMENT = Path(__file__).with_name("development_questions.yaml")
_ANSWER_FROM, _CLARIFY_FROM = 0.5, 1 / 3  # those of the calibration for encoders
# What is assumed of traffic: questions the base answers, plausible ones it misses, and others.
_SHARES = (0.7, 0.1, 0.2)


def fit(sets: Sequence[tuple[Base, Sequence[Question]]]) -> TfidfCalibration:
    """Fit to all sets alike, whatever their sizes."""
    from sklearn.linear_model import LogisticRegression

    groups = [group for base, questions in sets for group in _groups(base, questions)]
    inputs = np.vstack([tfidf_features(scores) for scores, _, _ in groups])
    right = np.concatenate([flags for _, flags, _ in groups])
    shares = np.concatenate([np.full(len(flags), share / len(flags)) for _, flags, share in groups])
    model = LogisticRegression(C=1e4, max_iter=10_000)
    model.fit(inputs, right, sample_weight=shares * len(right) / shares.sum())
    weights = [*model.coef_[0].tolist(), float(model.intercept_[0])]
    rounded = tuple(round(weight, 4) for weight in weights)
    return TfidfCalibration(rounded, _ANSWER_FROM, round(_CLARIFY_FROM, 4))


def _groups(
    base: Base, questions: Sequence[Question]
) -> Iterator[tuple[TfidfScores, Flags, float]]:
    """Yield the answerable messages, the same without their entry, and those out of scope."""
    index, ids = TfidfIndex(base.entries), [entry.id for entry in base.entries]
    placed = base.placed(questions)
    asked = [question for question in placed if question.gold]
    texts, own = [each.text for each in asked], [ids.index(min(each.gold)) for each in asked]
    outside = [each.text for each in placed if not each.gold]
    outside += yaml.safe_load(OUT_OF_SCOPE.read_text("utf-8"))
    found = _score(index, texts)
    right = [ids[best] in each.gold for best, each in zip(found.entries[:, 0], asked, strict=True)]
    yield found, np.array(right, bool), _SHARES[0]
    yield _score(index, texts, np.array(own)), np.zeros(len(texts), bool), _SHARES[1]
    yield _score(index, outside), np.zeros(len(outside), bool), _SHARES[2]


def _score(
    index: TfidfIndex, texts: Sequence[str], without: NDArray[np.intp] | None = None
) -> TfidfScores:
    return index.score(np.empty((len(texts), 0), np.float32), texts, without)


def _report(name: str, base: Base, questions: Sequence[Question], made: TfidfCalibration) -> str:
    groups = list(_groups(base, questions))
    sure: Floats = np.concatenate([made.confidence(scores)[:, 0] for scores, _, _ in groups])
    answerable = np.concatenate([np.full(len(f), n == 0) for n, (_, f, _) in enumerate(groups)])
    return f"{name}: right first {groups[0][1].mean():.3f}, AUC {auc(sure, answerable):.3f}"


def main(arguments: Sequence[str]) -> None:
    """Fit, write what ships, and say what it comes to on each set."""
    pairs = [tuple(map(Path, each.split(":"))) for each in arguments]
    named = {str(base): (read_base(base), read_set([asked]).questions) for base, asked in pairs}
    named = {"demo": (read_base(DEMO), _development_questions()), **named}
    made = fit([*named.values()])
    TFIDF_CALIBRATION.write_bytes(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    for name, (base, questions) in named.items():
        sys.stdout.write(f"{_report(name, base, questions, made)}\n")


def _development_questions() -> list[Question]:
    parts = yaml.safe_load(_DEVELOPMENT.read_text("utf-8"))
    return [
        Question(row["question"], frozenset({row["entry"]} if "entry" in row else ()))
        for part in parts.values()
        for row in part
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
