"""Every promise that is broken is seen, and none that is kept."""

from pathlib import Path

import pytest

from infra.chaos.client import digest_of
from infra.chaos.inspection import FoundJob, FoundLetter, FoundTurn, Inspection
from infra.chaos.ledger import Entry, Ledger, Story, read_ledger, stories
from infra.chaos.script import Conversation, Message
from infra.chaos.verdict import Verdict, judge

FIRST, SECOND, POISON = Message(0, "a (ref 0)"), Message(1, "b (ref 1)"), Message(2, "p", "p")
SCRIPT = [Conversation("c", 0.0, "waiting", (FIRST, SECOND, POISON))]


def turns(*texts: str) -> list[FoundTurn]:
    return [
        turn
        for place, text in enumerate(texts)
        for turn in (
            FoundTurn("user", f"j{place}-{text}", text, digest_of(text)),
            FoundTurn("assistant", f"j{place}-{text}", "yes", digest_of("yes")),
        )
    ]


def answered(job_id: str) -> Story:
    return Story(1.0, 2.0, 2.0, "answered", digest_of("yes"), job_ids={job_id}, attempts=1)


def failed(job_id: str) -> Story:
    problem = "urn:parley:problem:job-failed"
    return Story(1.0, 2.0, 2.0, "failed", detail=problem, job_ids={job_id}, attempts=1)


class Course:
    """A campaign in which all went well, for a test to spoil."""

    def __init__(self) -> None:
        self.told = {0: answered("j0"), 1: answered("j1"), 2: failed("j2")}
        self.found = Inspection(
            conversations={"c": turns(FIRST.text, SECOND.text)},
            letters=[
                FoundLetter("j2", "inference", "EngineError while answering", POISON.text),
                FoundLetter("tone-j2", "sentiment", "EngineError while judging", POISON.text),
                FoundLetter("m", "inference", "not a task", '{"headers": {"id": "malformed-0-x"'),
            ],
        )
        self.pushed = {"malformed-0-x": 1}

    def verdict(self) -> Verdict:
        return judge(SCRIPT, self.told, self.found, self.pushed)


@pytest.fixture
def course() -> Course:
    return Course()


def test_a_good_course_breaks_nothing(course: Course) -> None:
    verdict = course.verdict()
    assert verdict.good
    assert (verdict.sent, verdict.accepted, verdict.answered, verdict.errors_told) == (3, 3, 2, 1)
    assert (verdict.lost, verdict.doubled, verdict.out_of_order, verdict.dead_letters) == (
        0,
    ) * 3 + (3,)


def broken(course: Course) -> dict[str, int]:
    verdict = course.verdict()
    assert not verdict.good
    assert verdict.examples
    return dict(verdict.broken)


def test_an_accepted_message_that_never_ended_is_lost(course: Course) -> None:
    course.told[1] = Story(1.0, 2.0, job_ids={"j1"}, attempts=1, gave_up=True)
    course.found.conversations["c"] = turns(FIRST.text)
    for state in (None, "queued", "started"):
        course.found.jobs["j1"] = FoundJob(state)
        assert broken(course) == {"lost": 1}
        assert course.verdict().lost == 1


def test_one_whose_client_gave_up_is_judged_by_what_an_outsider_finds(course: Course) -> None:
    course.told[1] = Story(1.0, 2.0, job_ids={"j1"}, attempts=1, gave_up=True)
    course.found.jobs["j1"] = FoundJob("done", digest_of("yes"))
    assert course.verdict().good
    assert course.verdict().answered == 2


def test_one_that_nobody_accepted_may_be_there_or_not(course: Course) -> None:
    course.told[1] = Story(1.0, attempts=3, gave_up=True)
    assert course.verdict().good
    assert course.verdict().unknown == 1
    course.found.conversations["c"] = turns(FIRST.text)
    assert course.verdict().good


def test_an_answer_without_its_turn_is_an_effect_lost(course: Course) -> None:
    course.found.conversations["c"] = turns(SECOND.text)
    assert broken(course) == {"missing turn": 1}
    assert course.verdict().lost == 1


def test_a_turn_that_is_there_twice_is_doubled(course: Course) -> None:
    course.found.conversations["c"] = turns(FIRST.text, SECOND.text, SECOND.text)
    assert broken(course) == {"doubled turn": 1}
    assert course.verdict().doubled == 1


def test_one_key_with_two_jobs_is_doubled(course: Course) -> None:
    course.told[0].job_ids.add("other")
    assert broken(course) == {"doubled job": 1}


def test_turns_in_another_order_than_they_were_accepted_in(course: Course) -> None:
    course.found.conversations["c"] = turns(SECOND.text, FIRST.text)
    assert broken(course) == {"out of order": 1}
    assert course.verdict().out_of_order == 1


@pytest.mark.parametrize("spoilt", [slice(0, 3), slice(1, 4)])
def test_turns_that_are_not_in_pairs(course: Course, spoilt: slice) -> None:
    course.found.conversations["c"] = turns(FIRST.text, SECOND.text)[spoilt]
    assert "out of order" in broken(course)


def test_a_reply_that_changed(course: Course) -> None:
    course.told[0].digest = digest_of("no")
    assert broken(course) == {"changed reply": 1}


def test_an_error_that_was_told_and_a_turn_that_is_there(course: Course) -> None:
    course.told[0] = failed("j0")
    assert broken(course) == {"contradiction": 1}


def test_a_turn_that_nobody_said(course: Course) -> None:
    course.found.conversations["c"] += turns("who was that?")
    assert broken(course) == {"foreign turn": 1}


def test_poison_that_was_answered_ran_no_engine(course: Course) -> None:
    course.told[2] = answered("j2")
    course.found.conversations["c"] += turns(POISON.text)
    assert broken(course) == {"poison answered": 1}


def test_trouble_is_no_fault_but_for_that_which_must_never_be(course: Course) -> None:
    course.told[0].troubles += ["ConnectionResetError", "urn:parley:problem:queue-unavailable"]
    assert course.verdict().good
    assert course.verdict().trouble["ConnectionResetError"] == 1
    course.told[0].troubles.append("urn:parley:problem:internal-error")
    course.told[1].troubles.append("urn:parley:problem:unknown-job")
    assert broken(course) == {"forgotten job": 1, "internal error": 1}


def test_a_refused_message(course: Course) -> None:
    course.told[1] = Story(1.0, None, 2.0, "refused", detail="status 400", attempts=1)
    course.found.conversations["c"] = turns(FIRST.text)
    assert broken(course) == {"refused": 1}


def test_dead_letters_are_exactly_the_poison_and_the_malformed(course: Course) -> None:
    poison, _, malformed = course.found.letters
    course.found.letters.append(FoundLetter("j0", "inference", "delivered too often", FIRST.text))
    assert broken(course) == {"foreign letter": 1}
    course.found.letters[:] = [poison]
    assert broken(course) == {"dead letters": 1}
    course.found.letters[:] = [malformed]
    assert broken(course) == {"dead letters": 1}
    course.found.letters[:] = [poison, poison, malformed, malformed]
    assert broken(course) == {"dead letters": 2}


def test_what_is_left_over_and_what_grows_for_ever(course: Course) -> None:
    course.found.left_over.append("parley:lane:c")
    course.found.unbounded.append("parley:new")
    assert broken(course) == {"left over": 1, "unbounded": 1}


def test_the_ledger_tells_each_message_s_story(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    for entry in (
        Entry(1.0, 0, "sent"),
        Entry(3.0, 0, "sent"),
        Entry(2.0, 0, "trouble", detail="ConnectionResetError"),
        Entry(4.0, 0, "accepted", "j"),
        Entry(5.0, 0, "answered", "j", "d"),
        Entry(6.0, 1, "sent"),
    ):
        ledger.note(entry)
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"at": 7, "numb')  # the client was killed while it wrote
    told = stories(read_ledger(path))
    assert told[0] == Story(
        1.0, 4.0, 5.0, "answered", "d", None, False, 2, {"j"}, {"d"}, ["ConnectionResetError"]
    )
    assert told[1] == Story(6.0, attempts=1)
