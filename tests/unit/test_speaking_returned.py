"""What a generation worker gave up: ended with what it carries, past the engine."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shared.counts import Facts, VoiceFacts
from shared.jobs import UNKNOWN_TONE, Answer, ChatJob
from tests.fakes.clock import ManualClock
from tests.support.handed_jobs import REPLY, RESULT, WORDS, handed, job
from workers.consumer.chat_result import ChatResult
from workers.consumer.draft_header import encode_draft
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.consumer.role import Draft
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.returned import ReturnedJobs
from workers.speaking.voiced_job import EndDrafter, VoicedJob, voiced
from workers.voice.brief import Refusal, Spoken, Usage

FACTS = Facts("bert", "small", "answer", "late", 0.9, "neutral", None, False, None, 4.0)
RUN = ClaimResult("run")


class Answering:
    """Reads and answers as inference workers do; tells what it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def prepare(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        self.seen += [each.job.id for each in claimed]
        return [(Prepared(each.job.message, (1, 2), truncated=False),) for each in claimed]

    def draft(self, batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
        self.seen += [each.job.id for each in batch.jobs]
        return [Draft(lambda *_: ChatResult(replace(REPLY, response="anew"))) for _ in batch.jobs]


def end(jobs: Sequence[tuple[ChatJob, ClaimResult]]) -> tuple[list[str], list[str], list[int]]:
    """Return the responses, what was looked at anew, and how many ids each passage has."""
    answering = Answering()
    returned = ReturnedJobs(answering.prepare, answering.draft, ManualClock())
    claimed = [ClaimedJob(LeasedJob(Lease(b"t", b""), each), claim) for each, claim in jobs]
    passages = returned.prepare(claimed)
    prepared = tuple(
        PreparedJob(Lease(b"t", b""), each, claim, parts, 0.0, 0.0)
        for (each, claim), parts in zip(jobs, passages, strict=True)
    )
    batch = BatchResult(prepared, np.zeros((len(jobs), 2), np.float32), 0.0, 0.0)
    drafts = returned.draft(batch)
    said = [draft.finish(UNKNOWN_TONE, 0.0).reply.response for draft in drafts]
    return said, answering.seen, [len(parts[0].ids) for parts in passages]


def test_it_is_ended_as_it_was_left_and_is_not_looked_at_again() -> None:
    said, seen, ids = end([(handed(), RUN), (job("new", None), RUN), (handed("two"), RUN)])
    assert said == [WORDS, "anew", WORDS]
    assert seen == ["new", "new"]
    assert ids == [0, 2, 0]


def test_what_was_shown_stands_at_the_beginning() -> None:
    begun = "They come within 3 to 5 days."
    ((said,), seen, _) = end([(handed(), replace(RUN, shown=begun))])
    assert said.startswith(begun)
    assert "link by e-mail" in said
    assert seen == []


@pytest.mark.parametrize(
    ("returned", "claim"),
    [
        (handed(), ClaimResult("run", with_person=True)),
        (job("bad", "{}"), RUN),
        (job("older", '{"result": 1}'), RUN),
    ],
)
def test_what_a_person_took_over_or_cannot_be_read_is_decided_anew(
    returned: ChatJob, claim: ClaimResult
) -> None:
    said, seen, ids = end([(returned, claim)])
    assert (said, seen, ids) == (["anew"], [returned.id] * 2, [2])


def test_what_another_version_has_shown_stands_before_what_is_decided_anew() -> None:
    ((said,), seen, _) = end([(job("older", "{}"), replace(RUN, shown="Orders arrive soon."))])
    assert (said, seen) == ("Orders arrive soon.\n\nanew", ["older"] * 2)


def finish(
    spoken: Spoken | None, shown: str = "", waited: float = 0.5, facts: Facts = FACTS
) -> ChatResult:
    clock = ManualClock()
    carried = job("one", encode_draft(replace(RESULT, facts=facts), 1.0))
    each = replace(voiced(carried), spoken=spoken)
    draft = EndDrafter(clock).end(each, shown)
    clock.advance(waited)
    assert not draft.needs_tone
    return draft.finish(UNKNOWN_TONE, 0.0)


def test_a_reply_in_a_model_s_words_has_all_else_of_the_draft() -> None:
    result = finish(Spoken("In 3 to 5 days."))
    assert (result.reply.response, result.reply.words) == ("In 3 to 5 days.", "model")
    assert result.reply == replace(
        REPLY, response="In 3 to 5 days.", words="model", timings=result.reply.timings
    )
    assert (result.dialogue, result.memory, result.brief) == (b"dialogue", b"memory", None)
    assert result.reply.timings.total_ms == 500.0
    assert result.reply.timings.compose_ms == 497.0


@pytest.mark.parametrize(
    ("spoken", "shown", "words"),
    [
        (None, "", "entry"),
        (Spoken(WORDS, fault="no server"), "", "entry"),
        (Spoken("In 3 days.", refused=(Refusal("x", "number"),)), "", "both"),
        (Spoken("In 3 days.", fault="broke off"), "", "both"),
        (None, "They come within 3 to 5 days.", "both"),
    ],
)
def test_it_says_whose_words_they_are(spoken: Spoken | None, shown: str, words: str) -> None:
    assert finish(spoken, shown).reply.words == words


def test_what_a_model_was_asked_for_is_counted_whosever_words_go_out() -> None:
    spoken = Spoken(
        WORDS,
        3,
        (Refusal("x", "number"),),
        Usage(700, 40),
        seconds=0.8,
        first_seconds=0.25,
        fault="stopped",
    )
    facts = finish(spoken).facts
    assert facts
    assert facts.voice == VoiceFacts("entry", 700, 40, 800.0, 250.0, 3, ("number",), True)
    assert facts == replace(FACTS, total_ms=500.0, voice=facts.voice)


def test_what_the_header_says_that_it_cost_is_not_believed() -> None:
    forged = replace(FACTS, voice=VoiceFacts("model", 10**9))
    facts = finish(None, facts=forged).facts
    assert facts
    assert facts.voice == VoiceFacts("entry")


@pytest.mark.parametrize(
    "result",
    [
        replace(RESULT, brief=None),
        replace(RESULT, handover=b"{}"),
        replace(RESULT, embedded=b"{}"),
        replace(RESULT, reply=replace(REPLY, answer=Answer("answer", "late", 7.0))),
    ],
)
def test_a_header_that_nobody_of_ours_wrote_is_not_believed(result: ChatResult) -> None:
    assert voiced(job("odd", encode_draft(result, 1.0))).left is None


def test_a_time_that_cannot_be_is_not_believed() -> None:
    assert voiced(job("odd", encode_draft(RESULT, -1.0))).left is None
    assert voiced(job("odd", encode_draft(RESULT, 1e300))).left is None
    carrying = voiced(handed())
    assert isinstance(carrying, VoicedJob)
    assert carrying.left
    assert carrying.left.result == RESULT
