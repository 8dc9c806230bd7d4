"""TF-IDF without scikit-learn weighs as scikit-learn does, and ranks what shares words first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from workers.knowledge.base import Entry
from workers.knowledge.finder import Finder
from workers.knowledge.tfidf import (
    Postings,
    StemAnalyzer,
    TfidfWeights,
    hashed_vectors,
    pieces_of,
)
from workers.knowledge.tfidf_calibration import read_tfidf_calibration, tfidf_features
from workers.knowledge.tfidf_index import TfidfIndex, TfidfScores

NO_VECTORS = np.empty((0, 0), np.float32)
ENTRIES = (
    Entry("pay", "How can I pay my order?", "By card or bill.", ("Which cards do you take?",)),
    Entry("return", "How do I send something back?", "Within 30 days.", ("returning a lamp",)),
    Entry("parcel", "Where is my parcel?", "Track it.", ("My delivery is late",)),
)
INDEX = TfidfIndex(ENTRIES)
texts = st.lists(
    st.lists(st.sampled_from(["pay", "card", "lamp", "lamps", "late", "my"]), max_size=5)
)


def best(text: str) -> str:
    scores = INDEX.score(NO_VECTORS, [text])
    return ENTRIES[scores.entries[0, 0]].id


def dense(row: tuple[NDArray[np.intp], NDArray[np.float32]], count: int) -> NDArray[np.float64]:
    vector = np.zeros(count)
    vector[row[0]] = row[1]
    return vector


@given(texts.filter(any), st.lists(st.sampled_from(["pay", "lamp", "lamps", "new"]), min_size=1))
def test_weights_and_cosines_are_scikit_learns(base: list[list[str]], words: list[str]) -> None:
    lines, query = [" ".join(each) for each in base], " ".join(words)
    theirs = TfidfVectorizer(analyzer=StemAnalyzer(), sublinear_tf=True)
    expected = (theirs.fit_transform(lines) @ theirs.transform([query]).T).toarray()[:, 0]
    weights = TfidfWeights(StemAnalyzer(), lines)
    postings = Postings([weights.row(line) for line in lines], len(weights))
    assert postings.cosines(weights.row(query)) == pytest.approx(expected, abs=1e-5)


def test_stems_and_pairs_are_read() -> None:
    assert StemAnalyzer()("Returning lamps!") == ["return", "lamp", "return lamp"]
    assert StemAnalyzer()("…") == []


def test_a_typo_changes_few_pieces() -> None:
    right, wrong = set(pieces_of("delivery")), set(pieces_of("delivry"))
    assert len(right & wrong) >= len(wrong) / 2
    assert pieces_of("a") == [" a ", " a "]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("i want to pay by card", "pay"),
        ("returns of lamps", "return"),
        ("my parcl plese", "parcel"),
        ("the delivery comes late", "parcel"),
    ],
)
def test_shared_words_and_their_pieces_point_at_an_entry(text: str, entry: str) -> None:
    assert best(text) == entry


def test_no_row_depends_on_the_others_and_none_is_fine() -> None:
    asked = ["pay by card", "", "where is my lamp", "xyzzy"]
    together = INDEX.score(NO_VECTORS, asked)
    for row, text in enumerate(asked):
        alone = INDEX.score(NO_VECTORS, [text])
        assert (alone.entries[0] == together.entries[row]).all()
        assert alone.ranking[0] == pytest.approx(together.ranking[row])
    assert INDEX.score(NO_VECTORS, []).entries.shape == (0, 3)


def test_an_entry_can_be_taken_as_missing() -> None:
    scores = INDEX.score(NO_VECTORS, ["how can i pay"], np.array([0]))
    assert ENTRIES[scores.entries[0, 0]].id != "pay"


def test_what_a_base_does_not_know_is_known_less() -> None:
    scores = INDEX.score(NO_VECTORS, ["my parcel", "my parcel went overboard", "quo vadis", ""])
    known = scores.known.tolist()
    assert known[0] == 1
    assert known[0] > known[1] > known[2] == known[3] == 0


def test_confidence_is_a_probability_that_grows_with_what_is_shared() -> None:
    calibration = read_tfidf_calibration()
    scores = INDEX.score(NO_VECTORS, ["Where is my parcel?", "my parcel went overboard", "hm"])
    sure = calibration.confidence(scores)[:, 0].tolist()
    assert 1 > sure[0] > sure[1] > sure[2] > 0
    assert len(calibration.weights) == tfidf_features(scores).shape[1] + 1
    assert 0 < calibration.clarify_from < calibration.answer_from < 1


def test_a_base_of_one_entry_has_a_lead() -> None:
    scores = TfidfIndex(ENTRIES[:1]).score(NO_VECTORS, ["pay"])
    assert np.isfinite(tfidf_features(scores)).all()


def test_scores_are_joined_row_by_row() -> None:
    one, two = (INDEX.score(NO_VECTORS, [text]) for text in ("pay", "lamp"))
    joined = TfidfScores.joined([one, two])
    assert joined.entries[:, 0].tolist() == [0, 1]
    assert joined.known.shape == (2,)


def test_a_finder_finds_by_words_alone() -> None:
    finder = Finder(ENTRIES, INDEX, read_tfidf_calibration(), frozenset())
    known, other = finder.find(["where is my parcel", "pay a bill"], NO_VECTORS)
    assert known.best
    assert known.best.entry.id == "parcel"
    assert known.confidence >= 0.99
    assert other.best
    assert other.best.entry.id == "pay"


def test_hashed_vectors_are_near_for_equal_words() -> None:
    analyze = StemAnalyzer()
    first, same, other, empty = hashed_vectors(
        analyze, ["return my lamp", "returning my lamps", "opening hours", ""]
    )
    assert first @ same == pytest.approx(1)
    assert abs(float(first @ other)) < 0.4
    assert np.linalg.norm(empty) == pytest.approx(1)
