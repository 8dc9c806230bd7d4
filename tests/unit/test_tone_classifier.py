import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ModelError
from workers.tone.classifier import HEAD, LexiconClassifier, ToneClassifier
from workers.tone.cues import CUES, GROUPS, LEXICON, CueReader, FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head

CLASSIFIER = ToneClassifier.load()
DIMENSION = Head.load(HEAD).dimension
MESSAGES = st.lists(st.text(max_size=40), min_size=1, max_size=8)


def vectors_for(texts: list[str], seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(len(texts), DIMENSION)).astype(np.float32)


@given(MESSAGES)
def test_label_score_and_emotions_agree(texts: list[str]) -> None:
    for tone in CLASSIFIER.classify(texts, vectors_for(texts)):
        sums: dict[str, float] = {
            label: sum(tone.emotions[name] for name in EMOTIONS if TONE_OF[name] == label)
            for label in LABELS
        }
        assert tone.score == pytest.approx(sums[tone.label], abs=0.005)
        assert max(sums.values()) <= tone.score + 0.005
        assert sum(tone.emotions.values()) == pytest.approx(1, abs=0.01)


@given(MESSAGES)
def test_a_tone_does_not_depend_on_its_batch(texts: list[str]) -> None:
    vectors = vectors_for(texts)
    together = CLASSIFIER.classify(texts, vectors)
    for index, tone in enumerate(together):
        (alone,) = CLASSIFIER.classify(texts[index : index + 1], vectors[index : index + 1])
        assert alone.score == pytest.approx(tone.score, abs=0.0011)
        assert dict(alone.emotions) == pytest.approx(dict(tone.emotions), abs=0.0011)


def test_no_messages_have_no_tones() -> None:
    assert CLASSIFIER.classify([], np.zeros((0, DIMENSION), np.float32)) == []


def test_a_tone_can_be_written_as_json() -> None:
    (tone,) = CLASSIFIER.classify(["hi"], vectors_for(["hi"]))
    assert json.loads(json.dumps([tone.label, tone.score, dict(tone.emotions)]))


def test_vectors_of_another_encoder_are_refused() -> None:
    with pytest.raises(ModelError, match="tone train"):
        CLASSIFIER.classify(["hi"], np.zeros((1, DIMENSION + 1), np.float32))


def test_the_committed_head_is_small() -> None:
    assert HEAD.stat().st_size <= 1_000_000


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_damaged_head_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"head\.npz"):
        Head.load(path)


def test_a_head_for_other_emotions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    first, first_bias, last, last_bias, shares = (
        np.zeros(shape, np.float32) for shape in ((9, 2), (2,), (2, 3), (3,), (3,))
    )
    Head(first, first_bias, last, last_bias, shares, "x").save(path)
    with pytest.raises(ModelError, match="other emotions"):
        Head.load(path)


@pytest.mark.parametrize(
    ("text", "cue", "least", "most"),
    [
        ("this is terrible", "compound", -1.0, -0.3),
        ("this is wonderful", "compound", 0.3, 1.0),
        ("where is my parcel", "compound", 0.0, 0.0),
        ("answer me!!!!!", "exclaimed", 1.0, 1.0),
        ("why??", "asked", 0.6, 0.7),
        ("WHERE IS MY parcel", "shouted", 0.5, 0.5),
        ("", "compound", 0.0, 0.0),
        ("ur app sux", "swearing", 0.3, 0.4),
        ("smh, still nothing", "sighs", 0.3, 0.4),
        ("FFS, this fucking shit", "swearing", 1.0, 1.0),
        ("thanks for losing my bag", "kind_in_trouble", 1.0, 1.0),
        ("thanks for finding my bag", "kind_in_trouble", 0.0, 0.0),
        ("thanks for finding my bag", "kind", 1.0, 1.0),
        ("Hi, how do I cancel", "question", 1.0, 1.0),
        ("I want to cancel", "question", 0.0, 0.0),
        ("why is it late", "reproach", 1.0, 1.0),
        ("is it late?", "trouble_asked", 1.0, 1.0),
        ("is it late?", "ends_asking", 1.0, 1.0),
        ("well...", "trailing", 1.0, 1.0),
        ("#fail", "tagged", 1.0, 1.0),
        ("word " * 50, "length", 1.0, 1.0),
    ],
)
def test_cues_tell_what_the_wording_tells(text: str, cue: str, least: float, most: float) -> None:
    assert least <= CueReader().read([text])[0, CUES.index(cue)] <= most


def test_every_group_has_words_and_no_word_two_groups() -> None:
    words_by_group = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    words = [word for group in words_by_group.values() for word in group]
    assert tuple(words_by_group) == GROUPS
    assert all(isinstance(word, str) for word in words)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("text", "label"),
    [("I love it", "positive"), ("this is horrible", "negative"), ("where is it", "neutral")],
)
def test_the_lexicon_alone_gives_labels_without_emotions(text: str, label: str) -> None:
    (tone,) = LexiconClassifier(CueReader()).classify([text], np.zeros((1, 3), np.float32))
    assert tone.label == label
    assert 0.5 <= tone.score <= 1
    assert not tone.emotions
