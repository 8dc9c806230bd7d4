"""Measure retrieval and confidence on public sets of questions; `folder` holds them as JSON lines.

The sets are no part of the product: a file that is not there is passed over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from workers.knowledge.calibration import Calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.head import Vectors, fit_head
from workers.knowledge.index import Index, Scores
from workers.modelling.knowledge.fit import calibration_error, fit_calibration

_HELD_OUT = 5  # every fifth row of a set that comes without queries of its own
_OUT_OF_SCOPE = "oos"
_MIN_WORDINGS = 3.0  # an entry, on average; below, leaving one out leaves nothing to fit


@dataclass(frozen=True, slots=True)
class Topic:
    """An entry of a foreign base: ways to ask it, and a text that answers or names it."""

    id: str
    wordings: Sequence[str]
    answer: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A base, and queries with the id of the entry that answers each, None where none does."""

    name: str
    topics: Sequence[Topic]
    queries: Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out; shares are 0-1.

    `right_first`: of the queries that have an answer. `auc`: how well confidence parts those from
    queries without one. `missing_auc`: the same against the same queries with their entry taken
    out. `answered`, `right_of_answered`: at the threshold. `strangers_answered`: of queries without
    an answer. `calibration_error`: of the confidence, over all queries. `fitted`: on this base,
    else the shipped calibration.
    """

    name: str
    entries: int
    queries: int
    fitted: bool
    right_first: float
    auc: float | None
    missing_auc: float
    answered: float
    right_of_answered: float
    out_of_scope_answered: float | None
    calibration_error: float


def read_sets(folder: Path) -> Iterator[QuestionSet]:
    """Yield the sets that lie in a folder: StackFAQ, HINT3 (curekart), CLINC150."""
    readers: Mapping[str, Callable[[Path], QuestionSet]] = {
        "stackfaq_kb.jsonl": _stackfaq,
        "hint3_curekart_kb.jsonl": _hint3,
        "clinc150_dev.jsonl": _clinc150,
    }
    for name, read in readers.items():
        if (folder / name).exists():
            yield read(folder)


def evaluate(
    questions: QuestionSet, embeddings: EmbeddingCache, out_of_scope: Vectors, shipped: Calibration
) -> Verdict:
    """Build a base from the topics and put all queries to it."""
    topics = questions.topics
    wordings = embeddings.vectors([text for topic in topics for text in topic.wordings])
    owners = np.repeat(np.arange(len(topics)), [len(topic.wordings) for topic in topics])
    answers = embeddings.vectors([topic.answer for topic in topics])
    fitted = len(owners) / len(topics) >= _MIN_WORDINGS
    calibration = (
        fit_calibration(wordings, owners, answers, out_of_scope).calibration if fitted else shipped
    )
    index = Index(wordings, owners, fit_head(wordings, owners, answers))
    places = {topic.id: place for place, topic in enumerate(topics)}
    gold = np.array([places[each] if each is not None else -1 for _, each in questions.queries])
    vectors = embeddings.vectors([text for text, _ in questions.queries])
    missing = index.score(vectors[gold >= 0], without=gold[gold >= 0])
    return _verdict(questions, index.score(vectors), gold, calibration, missing, fitted=fitted)


def _verdict(
    questions: QuestionSet,
    scores: Scores,
    gold: NDArray[np.intp],
    calibration: Calibration,
    missing: Scores,
    *,
    fitted: bool,
) -> Verdict:
    chances = calibration.confidence(scores)
    right, known = scores.places[:, 0] == gold, gold >= 0
    given = chances >= calibration.answer_from
    strange = chances[~known]
    return Verdict(
        name=questions.name,
        entries=len(questions.topics),
        queries=len(gold),
        fitted=fitted,
        right_first=float(right[known].mean()),
        auc=auc(chances[known], strange) if strange.size else None,
        missing_auc=auc(chances[known], calibration.confidence(missing)),
        answered=float(given[known].mean()),
        right_of_answered=float(right[given & known].mean()) if (given & known).any() else 0.0,
        out_of_scope_answered=float(given[~known].mean()) if strange.size else None,
        calibration_error=calibration_error(
            chances, right.astype(np.float32), np.full(len(gold), 1 / len(gold))
        ),
    )


def auc(higher: Vectors, lower: Vectors) -> float:
    """Return how often a value of the first outranks one of the second; ties count half."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left")
    through = np.searchsorted(ordered, higher, side="right")
    return float((below + through).mean() / (2 * len(lower)))


def _stackfaq(folder: Path) -> QuestionSet:
    base = _rows(folder / "stackfaq_kb.jsonl")
    queries = _rows(folder / "stackfaq_queries.jsonl")
    topics = [Topic(row["id"], [row["question"]], row["answer"]) for row in base]
    return QuestionSet("StackFAQ", topics, [(row["text"], row["gold"]) for row in queries])


def _hint3(folder: Path) -> QuestionSet:
    base = _rows(folder / "hint3_curekart_kb.jsonl")
    queries = _rows(folder / "hint3_curekart_queries.jsonl")
    return QuestionSet("HINT3 curekart", _topics(base), [_query(row) for row in queries])


def _clinc150(folder: Path) -> QuestionSet:
    rows = _rows(folder / "clinc150_dev.jsonl")
    strange = [row for row in rows if row["label"] == _OUT_OF_SCOPE]
    known = [row for row in rows if row["label"] != _OUT_OF_SCOPE]
    kept = [row for place, row in enumerate(known) if place % _HELD_OUT]
    held = known[::_HELD_OUT]
    return QuestionSet("CLINC150", _topics(kept), [_query(row) for row in [*held, *strange]])


def _query(row: Mapping[str, str]) -> tuple[str, str | None]:
    return row["text"], None if row["label"] == _OUT_OF_SCOPE else row["label"]


def _topics(rows: Sequence[Mapping[str, str]]) -> list[Topic]:
    wordings: dict[str, list[str]] = {}
    for row in rows:
        wordings.setdefault(row["label"], []).append(row["text"])
    return [
        Topic(label, texts, label.replace("_", " ").casefold()) for label, texts in wordings.items()
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines() if line]
