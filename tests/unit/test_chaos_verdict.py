"""Every promise that is broken is seen, and none that is kept."""

from pathlib import Path

import pytest

from infra.chaos.client import digest_of
from infra.chaos.inspection import FoundJob, FoundLetter, FoundTurn, Inspection
from infra.chaos.ledger import Ledger, LedgerEntry, MessageHistory, histories, read_ledger
from infra.chaos.script import Conversation, Message
from infra.chaos.verdict import CampaignVerdict, judge

FIRST, SECOND, POISON = Message(0, "a (ref 0)"), Message(1, "b (ref 1)"), Message(2, "p", "p")
SCRIPT = [Conversation("c", 0.0, "waiting", (FIRST, SECOND, POISON))]


def turns(*texts: str) -> list[FoundTurn]:
    return [
        turn
        for index, text in enumerate(texts)
        for turn in (
            FoundTurn("user", f"j{index}-{text}", text, digest_of(text)),
            FoundTurn("assistant", f"j{index}-{text}", "yes", digest_of("yes")),
        )
    ]


def answered(job_id: str) -> MessageHistory:
    return MessageHistory(1.0, 2.0, 2.0, "answered", digest_of("yes"), job_ids={job_id}, attempts=1)


def failed(job_id: str) -> MessageHistory:
    problem = "urn:parley:problem:job-failed"
    return MessageHistory(1.0, 2.0, 2.0, "failed", detail=problem, job_ids={job_id}, attempts=1)


class GoodRun:
    """A campaign in which all went well, for a test to corrupt."""

    def __init__(self) -> None:
        self.sent = {0: answered("j0"), 1: answered("j1"), 2: failed("j2")}
        self.found = Inspection(
            conversations={"c": turns(FIRST.text, SECOND.text)},
            letters=[
                FoundLetter("j2", "inference", "EngineError while answering", POISON.text),
                FoundLetter("tone-j2", "sentiment", "EngineError while judging", POISON.text),
                FoundLetter("m", "inference", "not a task", '{"headers": {"id": "malformed-0-x"'),
            ],
        )
        self.pushed = {"malformed-0-x": 1}

    def verdict(self) -> CampaignVerdict:
        return judge(SCRIPT, self.sent, self.found, self.pushed)


@pytest.fixture
def run() -> GoodRun:
    return GoodRun()


def test_a_good_run_breaks_nothing(run: GoodRun) -> None:
    verdict = run.verdict()
    assert verdict.good
    assert (verdict.sent, verdict.accepted, verdict.answered, verdict.errors_reported) == (
        3,
        3,
        2,
        1,
    )
    assert (verdict.lost, verdict.doubled, verdict.out_of_order, verdict.dead_letters) == (
        0,
    ) * 3 + (3,)


def broken(run: GoodRun) -> dict[str, int]:
    verdict = run.verdict()
    assert not verdict.good
    assert verdict.examples
    return dict(verdict.broken)


def test_an_accepted_message_that_never_ended_is_lost(run: GoodRun) -> None:
    run.sent[1] = MessageHistory(1.0, 2.0, job_ids={"j1"}, attempts=1, gave_up=True)
    run.found.conversations["c"] = turns(FIRST.text)
    for state in (None, "queued", "started"):
        run.found.jobs["j1"] = FoundJob(state)
        assert broken(run) == {"lost": 1}
        assert run.verdict().lost == 1


def test_one_whose_client_gave_up_is_judged_by_what_an_outsider_finds(run: GoodRun) -> None:
    run.sent[1] = MessageHistory(1.0, 2.0, job_ids={"j1"}, attempts=1, gave_up=True)
    run.found.jobs["j1"] = FoundJob("done", digest_of("yes"))
    assert run.verdict().good
    assert run.verdict().answered == 2


def test_one_that_was_never_accepted_may_be_there_or_not(run: GoodRun) -> None:
    run.sent[1] = MessageHistory(1.0, attempts=3, gave_up=True)
    assert run.verdict().good
    assert run.verdict().unknown == 1
    run.found.conversations["c"] = turns(FIRST.text)
    assert run.verdict().good


def test_an_answer_without_its_turn_is_an_effect_lost(run: GoodRun) -> None:
    run.found.conversations["c"] = turns(SECOND.text)
    assert broken(run) == {"missing turn": 1}
    assert run.verdict().lost == 1


def test_a_turn_that_is_there_twice_is_doubled(run: GoodRun) -> None:
    run.found.conversations["c"] = turns(FIRST.text, SECOND.text, SECOND.text)
    assert broken(run) == {"doubled turn": 1}
    assert run.verdict().doubled == 1


def test_one_key_with_two_jobs_is_doubled(run: GoodRun) -> None:
    run.sent[0].job_ids.add("other")
    assert broken(run) == {"doubled job": 1}


def test_turns_in_another_order_than_they_were_accepted_in(run: GoodRun) -> None:
    run.found.conversations["c"] = turns(SECOND.text, FIRST.text)
    assert broken(run) == {"out of order": 1}
    assert run.verdict().out_of_order == 1


@pytest.mark.parametrize("spoilt", [slice(0, 3), slice(1, 4)])
def test_turns_that_are_not_in_pairs(run: GoodRun, spoilt: slice) -> None:
    run.found.conversations["c"] = turns(FIRST.text, SECOND.text)[spoilt]
    assert "out of order" in broken(run)


def test_a_reply_that_changed(run: GoodRun) -> None:
    run.sent[0].digest = digest_of("no")
    assert broken(run) == {"changed reply": 1}


def test_an_error_that_was_reported_and_a_turn_that_is_there(run: GoodRun) -> None:
    run.sent[0] = failed("j0")
    assert broken(run) == {"contradiction": 1}


def test_a_turn_that_no_client_sent(run: GoodRun) -> None:
    run.found.conversations["c"] += turns("who was that?")
    assert broken(run) == {"foreign turn": 1}


def test_poison_that_was_answered_ran_no_engine(run: GoodRun) -> None:
    run.sent[2] = answered("j2")
    run.found.conversations["c"] += turns(POISON.text)
    assert broken(run) == {"poison answered": 1}


def test_trouble_is_no_violation_except_what_must_never_be(run: GoodRun) -> None:
    run.sent[0].troubles += ["ConnectionResetError", "urn:parley:problem:queue-unavailable"]
    assert run.verdict().good
    assert run.verdict().trouble["ConnectionResetError"] == 1
    run.sent[0].troubles.append("urn:parley:problem:internal-error")
    run.sent[1].troubles.append("urn:parley:problem:unknown-job")
    assert broken(run) == {"forgotten job": 1, "internal error": 1}


def test_a_refused_message(run: GoodRun) -> None:
    run.sent[1] = MessageHistory(1.0, None, 2.0, "refused", detail="status 400", attempts=1)
    run.found.conversations["c"] = turns(FIRST.text)
    assert broken(run) == {"refused": 1}


def test_dead_letters_are_exactly_the_poison_and_the_malformed(run: GoodRun) -> None:
    poison, _, malformed = run.found.letters
    run.found.letters.append(FoundLetter("j0", "inference", "delivered too often", FIRST.text))
    assert broken(run) == {"foreign letter": 1}
    run.found.letters[:] = [poison]
    assert broken(run) == {"dead letters": 1}
    run.found.letters[:] = [malformed]
    assert broken(run) == {"dead letters": 1}
    run.found.letters[:] = [poison, poison, malformed, malformed]
    assert broken(run) == {"dead letters": 2}


def test_what_is_left_over_and_what_grows_for_ever(run: GoodRun) -> None:
    run.found.left_over.append("parley:lane:c")
    run.found.unbounded.append("parley:new")
    assert broken(run) == {"left over": 1, "unbounded": 1}


def test_the_ledger_holds_each_message_s_history(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    for entry in (
        LedgerEntry(1.0, 0, "sent"),
        LedgerEntry(3.0, 0, "sent"),
        LedgerEntry(2.0, 0, "trouble", detail="ConnectionResetError"),
        LedgerEntry(4.0, 0, "accepted", "j"),
        LedgerEntry(5.0, 0, "answered", "j", "d"),
        LedgerEntry(6.0, 1, "sent"),
    ):
        ledger.record(entry)
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"at": 7, "numb')  # the client was killed while it wrote
    sent = histories(read_ledger(path))
    assert sent[0] == MessageHistory(
        1.0, 4.0, 5.0, "answered", "d", None, False, 2, {"j"}, {"d"}, ["ConnectionResetError"]
    )
    assert sent[1] == MessageHistory(6.0, attempts=1)
