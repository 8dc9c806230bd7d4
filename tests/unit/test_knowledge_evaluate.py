"""The evaluation counts right: on sets that are made up, with an encoder that knows words."""

import json
from pathlib import Path

import numpy as np
import pytest

from workers.knowledge.calibration import DEFAULT, read_calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import WordEncoder
from workers.modelling.knowledge.evaluate import QuestionSet, Topic, auc, evaluate, read_sets

TOPICS = (
    Topic("pay", ["how can I pay", "pay by card", "which cards pay"], "by card"),
    Topic("late", ["my parcel is late", "late parcel", "why is the parcel late"], "wait"),
    Topic("size", ["size of the table", "what size is it", "table size"], "see the page"),
)


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path, WordEncoder(256))


def test_auc_counts_pairs_in_order_and_ties_half() -> None:
    high, low = np.array([0.9, 0.5], np.float32), np.array([0.5, 0.1], np.float32)
    assert auc(high, low) == pytest.approx(0.875)
    assert auc(low, high) == pytest.approx(0.125)


def test_right_and_strange_questions_are_told_apart(cache: EmbeddingCache) -> None:
    queries = [("pay how", "pay"), ("the parcel late", "late"), ("late parcel", "size")]
    strange = [("quantum flux", None), ("bananas", None)]
    out_of_scope = cache.vectors(["zebra crossing", "opera", "volcano"])
    verdict = evaluate(
        QuestionSet("made up", TOPICS, [*queries, *strange]),
        cache,
        out_of_scope,
        read_calibration(DEFAULT),
    )
    assert (verdict.entries, verdict.queries, verdict.fitted) == (3, 5, True)
    assert verdict.right_first == pytest.approx(2 / 3)
    assert verdict.auc is not None
    assert verdict.auc > 0.9
    assert 0 <= verdict.calibration_error <= 1


def test_a_base_with_one_wording_an_entry_keeps_the_shipped_confidence(
    cache: EmbeddingCache,
) -> None:
    bare = [Topic(topic.id, topic.wordings[:1], topic.answer) for topic in TOPICS]
    out_of_scope = cache.vectors(["zebra", "opera"])
    verdict = evaluate(
        QuestionSet("bare", bare, [("pay", "pay")]), cache, out_of_scope, read_calibration(DEFAULT)
    )
    assert not verdict.fitted
    assert verdict.auc is None
    assert verdict.out_of_scope_answered is None


def test_the_sets_that_lie_in_a_folder_are_read(tmp_path: Path) -> None:
    assert list(read_sets(tmp_path)) == []
    rows = [{"text": f"how {place}", "label": "a" if place % 2 else "b"} for place in range(10)]
    rows.append({"text": "what", "label": "oos"})
    lines = "\n".join(map(json.dumps, rows))
    (tmp_path / "clinc150_dev.jsonl").write_text(lines)
    (tmp_path / "hint3_curekart_kb.jsonl").write_text(lines[: lines.index("\n")])
    (tmp_path / "hint3_curekart_queries.jsonl").write_text(lines)
    (tmp_path / "stackfaq_kb.jsonl").write_text('{"id": "s", "question": "q", "answer": "x"}\n')
    (tmp_path / "stackfaq_queries.jsonl").write_text('{"text": "t", "gold": "s"}\n')
    stackfaq, hint3, clinc150 = read_sets(tmp_path)
    assert stackfaq.queries == [("t", "s")]
    assert hint3.queries[-1] == ("what", None)
    assert len(clinc150.queries) == 2 + 1
    assert sum(len(topic.wordings) for topic in clinc150.topics) == 8
