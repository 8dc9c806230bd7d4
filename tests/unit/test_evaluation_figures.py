"""What counts as right, by folds and with entries missing, of a system whose replies are known."""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest

from shared.jobs import Alternative, Answer, AnswerKind, Reply, Timings, Tone, ToneLabel
from workers.evaluation.bases import base_of
from workers.evaluation.evaluate import Plan, ask_all, measure_all
from workers.evaluation.figures import is_right
from workers.evaluation.labelled import (
    Choice,
    Dialogue,
    LabelledSet,
    Pair,
    Question,
    ToneExample,
    Turn,
)
from workers.evaluation.observation import Conversation, Observation, Progress, observe
from workers.knowledge.loader import load

NOT_TIMED = float("nan")


class WordAsker:
    """Name the entry of a base that shares most words with a message; be as sure as it shares."""

    def __init__(self, base: Path) -> None:
        self._entries = load(base).entries

    def ask(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[Observation]]:
        progress(1.0)
        return [[self._reply(text) for text in messages] for messages in conversations]

    def _reply(self, text: str) -> Observation:
        words = set(text.split())
        scored = {
            entry.id: max(len(words & set(each.split())) for each in entry.all_phrasings)
            for entry in self._entries
        }
        ranking = sorted(scored, key=lambda name: -scored[name])
        sure = scored[ranking[0]] / len(words)
        kind: AnswerKind = "answer" if sure > 0.5 else "fallback"
        return observation(
            kind, ranking[0], sure, tone="positive" if "thanks" in words else "neutral"
        )


def observation(
    kind: AnswerKind,
    best: str | None,
    confidence: float = 0.9,
    offered: Sequence[str] = (),
    *,
    tone: ToneLabel = "neutral",
    reask: float | None = None,
) -> Observation:
    ranking = (best,) if best else ()
    return Observation(kind, ranking, confidence, tuple(offered), tone, reask, NOT_TIMED)


def ask(labelled: LabelledSet, plan: Plan) -> dict[str, dict[str, float]]:
    shares: list[float] = []
    answered = ask_all(labelled, plan, WordAsker, shares.append)
    assert shares[-1] == pytest.approx(1.0)
    return {kind: dict(each.values) for kind, each in measure_all(answered).items()}


def gold(text: str, *entries: str) -> Question:
    return Question(text, frozenset(entries))


ROWS = [gold("pay by card", "pay"), gold("pay by bill", "pay"), gold("send it back", "return")]
ROWS += [gold("send it home", "return")]
BASE = base_of(ROWS)


def test_questions_over_a_base(tmp_path: Path) -> None:
    asked = [gold("pay by card now", "pay"), gold("send by bill now", "return"), gold("sing now")]
    figures = ask(LabelledSet(questions=asked), Plan(tmp_path, BASE))["questions"]
    assert figures["right_first"] == 0.5
    assert figures["answered_right"] == 0.5
    assert figures["answered_wrong"] == 0
    assert figures["oos_auc"] == 1
    assert figures["oos_not_answered"] == 1
    assert figures["kind_fallback"] == pytest.approx(2 / 3)
    assert isnan(figures["p50_ms"])


def test_folds_hold_every_row_out_once(tmp_path: Path) -> None:
    rows = [*ROWS, gold("sing a song")]
    figures = ask(LabelledSet(questions=rows), Plan(tmp_path, folds=2))["questions"]
    assert figures["right_first"] == 1
    assert figures["oos_not_answered"] == 1
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_with_its_entry_missing_a_question_is_unanswerable(tmp_path: Path) -> None:
    plan = Plan(tmp_path, BASE, missing=2)
    answered = ask_all(LabelledSet(questions=ROWS), plan, WordAsker, lambda _share: None)
    assert len(answered.questions) == 8
    assert [bool(question.gold) for question in answered.questions] == [True] * 4 + [False] * 4
    assert sorted(map(len, answered.units)) == [2] * 4
    figures = measure_all(answered)["questions"].values
    assert figures["right_first"] == figures["oos_auc"] == figures["oos_not_answered"] == 1


def test_small_talk_is_no_answer_of_the_base(tmp_path: Path) -> None:
    class Polite(WordAsker):
        def _reply(self, text: str) -> Observation:
            return replace(super()._reply(text), kind="smalltalk", confidence=0.99)

    rows = LabelledSet(questions=[ROWS[0], gold("hello")])
    answered = ask_all(rows, Plan(tmp_path, BASE), Polite, lambda _share: None)
    figures = measure_all(answered)["questions"].values
    assert figures["oos_auc"] == 0.5
    assert figures["oos_not_answered"] == 1
    assert figures["ece"] == 1  # the answerable one alone: right, at a confidence of 0


def test_tones_and_pairs(tmp_path: Path) -> None:
    labelled = LabelledSet(
        tones=[ToneExample("thanks a lot", "positive"), ToneExample("bad", "negative")],
        pairs=[Pair("pay", "pay now", same=True)],
    )
    measured = ask(labelled, Plan(tmp_path, BASE))
    assert measured["tones"]["accuracy"] == 0.5
    assert measured["tones"]["f1_positive"] == 1
    assert measured["tones"]["judged_neutral"] == 0.5
    assert isnan(measured["pairs"]["reask_auc"])


@pytest.mark.parametrize(
    ("turn", "seen", "right"),
    [
        (Turn("a", frozenset({"x", "y"})), observation("answer", "y"), True),
        (Turn("a", frozenset({"x"})), observation("clarify", "x"), True),
        (Turn("a", frozenset({"x"})), observation("answer", "y"), False),
        (Turn("a", frozenset({"x"}), "handover"), observation("handover", "z"), True),
        (Turn("a", frozenset({"x"}), "handover"), observation("answer", "x"), False),
        (Turn("a", kind="fallback"), observation("fallback", None), True),
        (Turn("a", frozenset({"x"}), "clarify"), observation("clarify", "y", 0.5, "xyz"), True),
        (Turn("a", frozenset({"x"}), "clarify"), observation("clarify", "y", 0.5, "yz"), False),
        (Turn("a", frozenset({"x"}), "answer"), observation("answer", "y"), False),
        (Turn("a"), observation("answer", "y"), None),
        (Turn("a", choice="second"), observation("answer", "y"), True),
        (Turn("a", choice="other"), observation("answer", "x"), False),
        (Turn("a", choice="yes"), observation("answer", "x"), True),
        (Turn("a", choice="third"), observation("answer", "x"), None),
        (Turn("a", choice="none"), observation("handover", "x"), True),
        (Turn("a", choice="none"), observation("answer", "x"), False),
    ],
)
def test_what_is_right_of_a_turn(turn: Turn, seen: Observation, right: bool | None) -> None:
    assert is_right(turn, seen, observation("clarify", "x", 0.4, "xy")) is right


def test_a_choice_counts_only_where_something_was_offered() -> None:
    before = observation("answer", "x")
    choices: tuple[Choice, ...] = ("first", "none")
    for choice in choices:
        assert is_right(Turn("a", choice=choice), observation("answer", "x"), before) is None


def test_dialogues_are_counted_by_turn(tmp_path: Path) -> None:
    turns = (
        Turn("pay by card", frozenset({"pay"})),
        Turn("hm", frozenset({"return"}), context=True),
    )
    labelled = LabelledSet(dialogues=[Dialogue(turns), Dialogue(turns[:1])])
    figures = ask(labelled, Plan(tmp_path, BASE))["dialogues"]
    assert figures["right_alone"] == 1
    assert figures["right_context"] == 0
    assert figures["right_first"] == pytest.approx(2 / 3)


def test_a_reply_is_observed_best_first_and_each_entry_once() -> None:
    others = tuple(Alternative(name, "?", 0.1) for name in "xyz")
    reply = Reply(
        "?",
        "job",
        "talk",
        Tone("negative", 0.8),
        Answer("clarify", "y", 0.4, others, 0.25),
        Timings(0, 0, 0, 0, 0),
        "test",
    )
    seen = observe(reply, 3.0, ("z", "v", "w"))
    assert seen == Observation(
        "clarify", ("y", "x", "z", "v", "w"), 0.4, ("x", "y", "z"), "negative", 0.25, 3.0
    )
