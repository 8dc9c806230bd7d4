"""Bases cut from labelled sets, and the figures that are measured on them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.word_encoder import WordEncoder
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.encoder import encode
from workers.modelling.knowledge.calibrate import balanced
from workers.modelling.knowledge.fit import fit_weights
from workers.modelling.knowledge.labelled import OUT, LabelledBase, demo, stackfaq
from workers.modelling.knowledge.measure import measure
from workers.modelling.knowledge.quality import Look, find
from workers.modelling.knowledge.trials import cut, run, whole

TOPICS = [f"{word} question" for word in "abcdefghijkl"]
ENCODER = WordEncoder()
OUTSIDE = [f"strange thing {n}" for n in range(30)]


def embed(texts: object) -> np.ndarray:
    return encode(ENCODER, list(texts))  # type: ignore[call-overload]


def base(name: str = "topics") -> LabelledBase:
    wordings = tuple(f"{topic} number {n}" for topic in TOPICS for n in range(4))
    messages = tuple(f"{topic} please" for topic in TOPICS)
    index = np.repeat(np.arange(len(TOPICS)), 4)
    return LabelledBase(
        name, wordings, index, ("",) * len(TOPICS), messages, np.arange(len(TOPICS))
    )


def outside() -> np.ndarray:
    return embed(["some other thing", "nothing of the kind"])


def test_what_is_cut_keeps_its_answers_and_marks_what_it_lost() -> None:
    trials = list(cut(base(), OUTSIDE, seed=1))
    assert {len(trial.base.answers) for trial in trials} == {8}
    for trial in trials:
        assert trial.weights.sum() == pytest.approx(1.0)
        for message, gold in zip(trial.base.messages, trial.base.gold, strict=True):
            own = [
                text
                for text, entry in zip(trial.base.wordings, trial.base.entry_index, strict=True)
                if entry == gold
            ]
            assert (gold == OUT) == (not own)
            assert all(text[0] == message[0] for text in own)
        assert (trial.base.gold == OUT).sum() == 4 + len(OUTSIDE)


def test_a_fit_to_several_bases_tells_what_they_answer_from_what_they_do_not() -> None:
    trials = [whole(base("a").with_messages(OUTSIDE, [OUT] * 30)), *cut(base("b"), OUTSIDE, seed=2)]
    outcomes = [run(trial, embed, str, outside()) for trial in trials]
    quality = measure(outcomes[0], Calibration(fit_weights(outcomes), 0.5, 0.3))
    assert quality.right_first > 0.9
    assert quality.auc > 0.9
    assert quality.calibration_error < 0.2


def test_a_set_counts_as_much_as_all_that_was_cut_from_it() -> None:
    trials = [whole(base()), *cut(base(), OUTSIDE, seed=3)]
    outcomes = [
        ("cut" if place else "whole", run(trial, embed, str, outside()))
        for place, trial in enumerate(trials)
    ]
    first, *cuts = balanced(outcomes)
    assert first.weights.sum() == pytest.approx(1.0)
    assert sum(each.weights.sum() for each in cuts) == pytest.approx(1.0)


def test_two_looks_find_what_one_finds_and_say_how_often_both_were_needed() -> None:
    look = Look(embed, outside(), Calibration((*(0.0 for _ in FEATURES), 0.0), 0.5, 0.3))
    alone, both = find([look], base()), find([look, look], base())
    assert len(alone.served) == 2 * len(TOPICS), "each once more without its entry"
    assert (alone.served == both.served).all()
    assert not alone.looked_twice.any()
    assert both.looked_twice.all()
    assert alone.row("topics").startswith("topics")


def test_a_labelled_set_is_read_from_its_files(tmp_path: Path) -> None:
    entries = [{"id": "x", "question": "how", "answer": "so"}]
    asked = [{"text": "how?", "gold": "x"}, {"text": "why?", "gold": None}]
    for name, rows in (("stackfaq_kb", entries), ("stackfaq_queries", asked)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    read = stackfaq(tmp_path)
    assert read.gold.tolist() == [0, OUT]
    assert read.in_scope.tolist() == [True, False]


def test_the_demos_questions_name_entries_that_exist() -> None:
    base = demo()
    assert base.in_scope.sum() >= 100
    assert base.gold.max() < len(base.answers)
