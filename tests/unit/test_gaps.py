"""Messages that got no answer: which are kept, how they are grouped, what an editor gets."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.jobs import Answer, AnswerKind, ChatJob
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import Asked, Dialogue
from workers.gap_groups import distinct_texts, group_gaps
from workers.gaps import Gap, GapRecorder, decode_gap
from workers.knowledge.base import Entry
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.finder import Finder, Finding
from workers.knowledge.head import fit_head
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.knowledge.loader import load, read
from workers.knowledge.responder import EmbeddedBase
from workers.modelling.knowledge.confusions import find_confusions
from workers.modelling.knowledge.gap_file import gap_file
from workers.redaction import Redactor

JOB = ChatJob("job-1", "Do you repair the kettle of Anna?", "c-1", 1.0)
HEARD = Heard("do you repair kettles", Dialogue("test"), Finding("", ()))
ENTRIES = (
    Entry("pay", "How can I pay?", "By card.", ("How may I pay?", "Which cards do you take?")),
    Entry("refund", "When is my refund sent?", "Soon.", ("When will my refund be sent?",)),
)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the shares of words: texts are as near as they have words in common."""
    rows = np.zeros((len(texts), 512), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in re.findall(r"\w+", text.casefold()):
            row[zlib.crc32(word.encode()) % 512] += 1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def recorded(kind: AnswerKind, heard: Heard = HEARD, **changes: object) -> bytes:
    decision = Decision(Answer(kind, "pay", 0.2), "text", **changes)  # type: ignore[arg-type]
    return GapRecorder(Redactor(())).record(JOB, heard, decision)


def test_a_message_without_an_answer_is_kept_redacted() -> None:
    found = decode_gap(recorded("fallback"))

    assert found == Gap("Do you repair the kettle of [name]?", "fallback", "pay")


@pytest.mark.parametrize("kind", ["answer", "clarify"])
def test_what_is_asked_again_is_kept(kind: AnswerKind) -> None:
    found = recorded(kind, replace(HEARD, reask_score=0.8))

    assert decode_gap(found).reason == "reask"
    assert recorded(kind, replace(HEARD, reask_score=0.2)) == b""


def test_a_handover_is_kept_only_for_what_was_not_answered() -> None:
    assert decode_gap(recorded("handover", handover="unanswered")).reason == "unanswered"
    assert recorded("handover", handover="self_harm") == b""
    assert recorded("handover", replace(HEARD, with_person=True)) == b""


@pytest.mark.parametrize("message", ["yes", "neither", "the second one", "no, none of these"])
def test_a_bare_choice_is_no_gap(message: str) -> None:
    assert recorded("fallback", replace(HEARD, text=message)) == b""


def test_who_declines_all_that_was_offered_shows_the_gap_of_the_question_before() -> None:
    asked = (Asked("do you sharpen knives", b"", "clarify", "pay"),)
    declined = replace(HEARD, text="neither", choice=(), dialogue=Dialogue("test", asked))
    found = decode_gap(recorded("handover", declined, handover="unanswered"))
    assert found == Gap("do you sharpen knives", "unanswered", "pay")


@pytest.mark.parametrize("kind", ["smalltalk", "recall", "answer"])
def test_what_was_answered_is_not_kept(kind: AnswerKind) -> None:
    assert recorded(kind) == b""


@pytest.mark.parametrize("changes", [{"recalls": True}, {"unreadable": "language"}])
def test_what_asks_nothing_of_the_base_is_not_kept(changes: dict[str, bool]) -> None:
    assert recorded("fallback", replace(HEARD, **changes)) == b""  # type: ignore[arg-type]


def finder() -> Finder:
    texts = [text for entry in ENTRIES for text in entry.all_phrasings]
    owners = np.repeat(np.arange(2), [len(entry.all_phrasings) for entry in ENTRIES])
    phrasings = embed(texts)
    answers = embed([entry.answer for entry in ENTRIES])
    head = fit_head(phrasings, owners, answers)
    lexicon = Lexicon([entry.all_phrasings for entry in ENTRIES], ["", ""])
    index = Index(phrasings, owners, head, answers, lexicon, embed(["What is the weather?"]))
    return Finder(ENTRIES, index, Calibration((0.0,) * (len(FEATURES) + 1), 0.5, 0.3), frozenset())


GAPS = (
    Gap("Do you repair old kettles?", "fallback", "pay"),
    Gap("Do you repair kettles?", "fallback", "pay"),
    Gap("do you repair kettles", "unanswered", "pay"),
    Gap("[number]?", "fallback", None),
    Gap("Is there a shop in town?", "reask", "refund"),
)


def test_alike_messages_are_one_candidate_and_the_most_frequent_comes_first() -> None:
    texts = distinct_texts(GAPS)
    first, *others = group_gaps(GAPS, texts, embed(texts), finder())

    assert (first.question, first.wordings) == (
        "Do you repair kettles?",
        ("Do you repair old kettles?",),
    )
    assert (first.times, first.reasons) == (3, {"fallback": 2, "unanswered": 1})
    assert first.nearest in ("pay", "refund")
    assert "Is there a shop in town?" in [each.question for each in others]


def test_an_editor_gets_a_file_that_checks_once_answers_are_written(tmp_path: Path) -> None:
    texts = distinct_texts(GAPS)
    candidates = group_gaps(GAPS, texts, embed(texts), finder())
    made = gap_file(candidates, ["do-you-repair-kettles"])
    path = tmp_path / "gaps.yaml"

    path.write_text(made)
    assert {fault.message for fault in read(path).faults} != set()
    path.write_text(made.replace("answer:", "answer: We do."))
    assert read(path).faults == ()
    assert "do-you-repair-kettles-2" in [entry.id for entry in load(path).entries]
    assert "# 3 times (fallback 2, unanswered 1)" in made


def confused(*entries: Entry, least: int = 1) -> list[tuple[str, str, int, str]]:
    texts = [text for entry in entries for text in entry.all_phrasings]
    owners = np.repeat(np.arange(len(entries)), [len(each.all_phrasings) for each in entries])
    answers = embed([entry.answer for entry in entries])
    base = EmbeddedBase(entries, frozenset({"thanks"}), embed(texts), owners, answers)
    found = find_confusions(base, embed(["What is the weather?"]), least)
    return [(each.entry, each.other, each.times, each.advice) for each in found]


def worded(name: str, answer: str, *wordings: str) -> Entry:
    return Entry(name, wordings[0], answer, wordings[1:])


PARCEL = worded(
    "parcel",
    "Look at My orders.",
    *("Where is my parcel?", "Where is the parcel I ordered?", "my parcel is not here"),
    *("track my parcel", "is my parcel on its way"),
)
CARD = worded(
    "card",
    "By card.",
    *("Which cards do you take?", "do you take a card", "can I pay by card"),
    *("card payment", "is a card fine to pay"),
)


def test_a_wording_that_finds_another_entry_is_told_with_what_to_do() -> None:
    stray = replace(CARD, phrasings=(*CARD.phrasings, "where did my parcel go"))
    ((entry, other, times, advice),) = confused(PARCEL, stray)

    assert (entry, other, times) == ("card", "parcel", 1)
    assert advice.startswith("Move these wordings to parcel")
    assert confused(PARCEL, stray, least=2) == []


def test_two_entries_with_one_answer_are_to_be_one() -> None:
    twin = replace(PARCEL, id="twin", phrasings=(*PARCEL.phrasings[:3], "where is that parcel"))
    found = confused(PARCEL, twin, CARD)

    assert {each[:2] for each in found} <= {("parcel", "twin"), ("twin", "parcel")}
    assert found
    assert all("make one entry of the two" in each[3] for each in found)


def test_entries_that_differ_are_left_alone_and_so_is_small_talk() -> None:
    thanks = worded("thanks", "Welcome.", "thank you", "where is my parcel, thank you", "thanks")

    assert confused(PARCEL, CARD) == []
    assert confused(PARCEL, CARD, thanks) == []
