import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from shared.errors import ModelError
from workers.modelling.tone import corpus
from workers.modelling.tone.evaluation import label_f1
from workers.modelling.tone.fit import Recipe, Rows, fit, tone_shares
from workers.modelling.tone.train import train
from workers.tone.cues import CUES, FloatArray
from workers.tone.emotions import EMOTIONS, TONE_OF, Label
from workers.tone.head import Head

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PRIOR: dict[Label, float] = {"negative": 0.4, "neutral": 0.3, "positive": 0.3}
QUICK = Recipe(units=16, heads=2, epochs=30, batch_size=32)


class LetterEncoder:
    """Counts letters: enough to tell a few short sentences apart."""

    identity = "letters"

    def encode(
        self, messages: Sequence[str], progress: Callable[[float], None]
    ) -> tuple[list[str], FloatArray]:
        progress(1.0)
        counts = [[message.lower().count(letter) for letter in LETTERS] for message in messages]
        return list(messages), np.array(counts, np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder laid out like the public sets, with rows of our own."""
    folder = tmp_path / "data"
    (folder / "goemotions").mkdir(parents=True)
    (folder / "goemotions" / "labels.txt").write_text("ambiguous\nnegative\nneutral\npositive")
    rows = [
        "[NAME] was lovely\t3\tr1",
        "so bad and sad\t1\tr2",
        "it is a bus\t2\tr3",
        "eh\t0,3\tr4",
    ]
    for split in ("train", "dev", "test"):
        (folder / "goemotions" / f"{split}.tsv").write_text("\n".join(rows * 30) + "\n")
    tweets = [("yay", 2.0), ("boo", -2.0), ("table", 0.1), ("hm", 0.7)]
    lines = [json.dumps({"id": "1", "text": text, "valence": v}) for text, v in tweets]
    (folder / "vader_tweets.jsonl").write_text("\n".join(lines))
    airline = [{"text": "boo", "label": "negative"}, {"text": "yay", "label": "positive"}]
    (folder / "airline_tweets.jsonl").write_text("\n".join(map(json.dumps, airline)))
    (folder / "banking77_train.jsonl").write_text(json.dumps({"text": "it is a bus"}))
    return folder


def test_a_public_row_allows_the_emotions_of_its_group(data: Path) -> None:
    rows = corpus.read_goemotions(data, "train", narrowed=False)
    assert rows.messages[0] == "Sam was lovely"
    assert {EMOTIONS[index] for index in np.flatnonzero(rows.allowed[0])} == {"happy", "grateful"}
    assert {EMOTIONS[index] for index in np.flatnonzero(rows.allowed[3])} == {
        "happy",
        "grateful",
        "confused",
    }
    assert rows.tones[:4].tolist() == [2, 0, 1, -1]


def test_words_may_name_the_emotion_within_the_group(data: Path) -> None:
    rows = corpus.read_goemotions(data, "train", narrowed=True)
    assert [EMOTIONS[index] for index in np.flatnonzero(rows.allowed[1])] == ["disappointed"]
    assert rows.tones[:4].tolist() == [2, 0, 1, -1]


def test_tweets_of_middling_valence_are_left_out(data: Path) -> None:
    rows = corpus.read_vader_tweets(data)
    assert rows.messages == ["yay", "boo", "table"]
    assert rows.tones.tolist() == [2, 0, 1]


def test_examples_are_filled_and_cover_every_emotion() -> None:
    examples = corpus.read_examples()
    assert not any("{" in message for message in examples.messages)
    assert set(examples.allowed.argmax(axis=1)) == set(range(len(EMOTIONS)))
    assert examples.messages == corpus.read_examples().messages


def test_held_out_sentences_are_held_out() -> None:
    held_out = corpus.read_held_out()
    seen = {message.lower() for message in corpus.read_examples().messages}
    assert seen.isdisjoint(message.lower() for message in held_out.messages)
    assert seen.isdisjoint(message.lower() for message in corpus.read_development()[0].messages)
    assert set(held_out.allowed.argmax(axis=1)) == set(range(len(EMOTIONS)))


def test_development_messages_have_one_tone_each() -> None:
    development, manners = corpus.read_development()
    assert set(development.tones) == {0, 1, 2}
    assert len(manners) == len(development.messages) == len(set(development.messages))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=50))
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = (np.array(column, np.intp) for column in zip(*pairs, strict=True))
    theirs = f1_score(labels, predicted, labels=[0, 1, 2], average=None, zero_division=0)
    assert label_f1(labels, predicted, 3) == pytest.approx(theirs)


def test_a_head_learns_from_what_rows_allow() -> None:
    """Rows that allow a whole tone teach the tone; rows that allow one emotion teach that."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2_000, 4 + len(CUES))).astype(np.float32)
    negative, angry = inputs[:, 0] > 0, inputs[:, 1] > 0
    allowed = np.zeros((len(inputs), len(EMOTIONS)), np.float32)
    for index, emotion in enumerate(EMOTIONS):
        allowed[negative, index] = TONE_OF[emotion] == "negative"
    allowed[~negative, EMOTIONS.index("calm")] = 1
    exact = np.arange(len(inputs)) % 4 == 0
    allowed[exact & negative] = 0
    allowed[exact & negative & angry, EMOTIONS.index("angry")] = 1
    allowed[exact & negative & ~angry, EMOTIONS.index("worried")] = 1
    rows = Rows(inputs, allowed, np.ones(len(inputs), np.float32))
    head = fit(rows.at(np.arange(1_500)), QUICK, "x")
    found = head.emotions(inputs[1_500:, :4], inputs[1_500:, 4:]).argmax(axis=1)
    wanted = np.where(angry, EMOTIONS.index("angry"), EMOTIONS.index("worried"))
    wanted = np.where(negative, wanted, EMOTIONS.index("calm"))[1_500:]
    assert (found == wanted).mean() > 0.85


def test_tone_shares_count_by_weight_and_in_parts() -> None:
    allowed = np.zeros((3, len(EMOTIONS)), np.float32)
    allowed[0, EMOTIONS.index("angry")] = 1
    allowed[1, [EMOTIONS.index("calm"), EMOTIONS.index("happy")]] = 1
    allowed[2, [EMOTIONS.index("happy"), EMOTIONS.index("grateful")]] = 1
    rows = Rows(np.zeros((3, 1), np.float32), allowed, np.array([1, 2, 1], np.float32))
    assert tone_shares(rows) == pytest.approx([0.25, 0.25, 0.5])


def test_training_writes_a_small_head_and_reports(data: Path, tmp_path: Path) -> None:
    head_path = tmp_path / "head.npz"
    report = train(LetterEncoder(), data, head_path, PRIOR, Recipe(units=16, heads=1, epochs=12))
    assert report.head_bytes == head_path.stat().st_size < 1_000_000
    assert Head.load(head_path).encoder == "letters"
    known = report.metrics_by_set["GoEmotions dev"]
    assert known.rows == 90
    assert known.macro_f1 == pytest.approx(1.0)
    assert report.metrics_by_set["airline tweets"].rows == 2
    assert report.metrics_by_set["development, right by manner"].by_label.keys() >= {"sarcasm"}
    assert report.metrics_by_set["Banking77 questions"].macro_f1 is None


def test_training_twice_gives_the_same_head(data: Path, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        train(LetterEncoder(), data, tmp_path / name, PRIOR, Recipe(units=8, heads=2, epochs=1))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"train\.tsv"):
        train(LetterEncoder(), tmp_path, tmp_path / "head.npz", PRIOR)
