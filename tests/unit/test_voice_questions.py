"""The questions of `parley evaluate --voice`, and what is made of the replies to them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus
from infra.evaluation.voice.asking import Drafted
from infra.evaluation.voice.lies import Lie
from infra.evaluation.voice.outcomes import (
    Share,
    Trial,
    lie_outcome,
    question_outcome,
    spoken_outcome,
)
from infra.evaluation.voice.page import page
from infra.evaluation.voice.plain_text import comparable
from infra.evaluation.voice.questions import QUESTIONS, Question, check_entries, read_asked
from infra.evaluation.voice.report import About, make_report
from infra.evaluation.voice.tables import summary
from shared.errors import EvaluationError
from workers.knowledge.loader import DEMO, load
from workers.voice.brief import Brief, Refusal, Source, Spoken, Usage

Parley = Callable[..., tuple[int, str, str]]

SOURCE = Source("cost", "What does it cost?", "It costs £5. You pay by card.")
BRIEF = Brief("answer", "How much?", (SOURCE,), SOURCE.text)
ASKED = Question("ordinary", ("How much?",), ("cost",), ("£5|five pounds",), ("free",))
DRAFTED = Drafted(ASKED, "answer", "cost", SOURCE.text, BRIEF)


def test_there_are_a_hundred_about_entries_that_exist() -> None:
    asked = read_asked([QUESTIONS])
    assert (len(asked.questions), len(asked.lies)) == (100, 0)
    check_entries(asked, [entry.id for entry in load(DEMO).entries])


def test_an_entry_that_serves_meets_what_is_expected_of_it() -> None:
    texts = {entry.id: entry.answer for entry in load(DEMO).entries}
    for question in read_asked([QUESTIONS]).questions:
        if question.entries:
            served = [question.misses("answer", name, texts[name]) for name in question.entries]
            assert [] in served, question


@pytest.mark.parametrize(
    ("kind", "entry", "reply", "misses"),
    [
        ("answer", "cost", "It is **£5**.", []),
        ("answer", "cost", "Five pounds.", []),
        ("answer", "other", "It is £5.", ["gives other"]),
        ("clarify", "cost", "Which?", ["does not say “£5|five pounds”", "gives clarify"]),
        ("answer", "cost", "£5, but free on Sundays.", ["says “free”"]),
    ],
)
def test_what_a_reply_misses(kind: str, entry: str, reply: str, misses: list[str]) -> None:
    assert sorted(ASKED.misses(kind, entry, reply)) == misses  # type: ignore[arg-type]


def test_where_the_base_has_no_answer_any_entry_is_wrong() -> None:
    question = Question("absent", ("Who founded it?",), ())
    assert question.misses("answer", "cost", "It costs £5.") == ["answers with cost"]
    assert question.misses("fallback", "cost", "I do not know.") == []


def test_whose_words_a_reply_has() -> None:
    refusal = Refusal("It is free.", "claim")
    own = SOURCE.text
    spoken = {
        "model": Spoken("It costs £5.", 1, first_seconds=0.5),
        "mended": Spoken(f"It costs £5. {own}", 2, (refusal,), first_seconds=0.5),
        "entry": Spoken(own, 1, (refusal,)),
    }
    assert {spoken_outcome(DRAFTED, BRIEF, each).words for each in spoken.values()} == set(spoken)
    assert question_outcome(DRAFTED).words == "not asked"
    for words, each in spoken.items():
        assert spoken_outcome(DRAFTED, BRIEF, each).words == words


def test_a_report_counts_and_lists_what_got_through() -> None:
    lie = Lie("amount", "changed", "alone", "It costs £7.", "£7", "It costs £7.")
    caught = Spoken(SOURCE.text, 1, (Refusal("It costs £7.", "amount"),), Usage(20, 5))
    missed = Spoken("It costs £7.", 1, usage=Usage(20, 5), first_seconds=0.5)
    trials = [
        Trial(spoken_outcome(DRAFTED, BRIEF, spoken), lie_outcome(BRIEF, lie, spoken))
        for spoken in (caught, missed, missed)
    ]
    report = make_report(
        About("now", ["file"], "base", "one that lies"), trials, {"own": Share(1, 1)}
    )
    assert report.lies
    assert report.lies.kinds == {"amount": Share(1, 3)}
    assert report.lies.reasons == {"amount": 1, "none": 2}
    assert report.questions.words == {"entry": 1, "model": 2}
    assert (report.questions.prompt_tokens, report.questions.completion_tokens) == (60, 15)
    assert report.questions.first_seconds_p50 == 0.5
    assert [(each.misses, each.unborne) for each in report.missed] == [
        (["does not say “£5|five pounds”"], ("7", "£7"))
    ]
    assert len(report.reached) == 2
    assert summary(report) == [
        ("Facts shown that no source says: 4.", False),
        ("Falsehoods caught: 1 of 3 (33.3 %).", False),
    ]
    assert comparable("It costs £7.") in comparable(page(report))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("{group: a, asks: []}", "asks must hold a message"),
        ("{group: a, asks: [b], expects: c}", "field expects"),
        ("{group: a}", "asks"),
        ("{lie: a, entry: b, kind: c}", "kind"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, row: str, fault: str) -> None:
    path = tmp_path / "rows.yaml"
    path.write_text(f"- {row}\n")
    with pytest.raises(EvaluationError, match=fault) as raised:
        read_asked([path])
    assert f"{path}:1:" in str(raised.value)


def test_an_entry_that_the_base_does_not_have_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.yaml"
    path.write_text("- {group: a, asks: [b], entries: [there, nowhere]}\n")
    with pytest.raises(EvaluationError, match="no entry nowhere"):
        check_entries(read_asked([path]), ["there"])


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "Name a labelled file"),
        (("x.jsonl", "--lies", "1"), "with --voice alone"),
        (("--voice",), "PARLEY_LLM_URL is not set"),
        (("--voice", "--folds", "5"), "whole files alone"),
        (("--voice", "--through", "http://127.0.0.1:1"), "in this process"),
        (("--voice", "--encoder", "huge"), "is no system"),
    ],
)
def test_what_cannot_be_done_is_said(
    parley: Parley, arguments: tuple[str, ...], fault: str
) -> None:
    code, _, errors = parley("evaluate", *arguments)
    assert code == ExitStatus.USAGE
    assert fault in errors
