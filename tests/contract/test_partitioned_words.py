"""Replies that are put into words over several partitions, here of one server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.queue.job_follower import JobProgress
from infra.traffic.reading import tokens_of_all
from shared import wire
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Translation
from shared.task_body import MAX_BODY_BYTES
from tests.contract.broker import NOW, POLICY, done
from tests.contract.partition_stand import BRIEF, COUNT, Stand
from workers.consumer.lease_queue import LeasedJob
from workers.speaking.voiced_job import read_voiced_job
from workers.token_budgets import TokenBudgets


@pytest.fixture
def stand(redis_url: str) -> Iterator[Stand]:
    stand = Stand(redis_url)
    yield stand
    stand.partitions.close()


def test_replies_are_put_into_words_within_their_partitions(stand: Stand) -> None:
    voice = stand.hire_voice("g")
    asked = [stand.ask(f"c{number}") for number in range(9)]
    assert len({stand.partitions.index_of(each.conversation_id) for each in asked}) == COUNT
    assert sorted(stand.hand_over_all(BRIEF)) == sorted(each.id for each in asked)
    assert not stand.worker._held.holds_outside(-1), "what was handed over is held no longer"
    leases = [lease for _ in range(9) for lease in voice.lease(1)]
    jobs: list[LeasedJob[ChatJob]] = [
        LeasedJob(each, read_voiced_job(each.raw, NOW)) for each in leases
    ]
    assert {each.verdict for each in voice.claim(jobs)} == {"run"}
    shown = [
        voice.show(each.lease, each.job.id, each.job.conversation_id, known, "So. ")
        for each in jobs
        for known in ("", "So. ")
    ]
    assert shown == ["shown"] * 18
    for each in jobs:
        progress = stand.ports.follower.follow(each.job.id, 0)
        assert isinstance(progress, JobProgress)
        assert progress.text == b"So. So. "
        voice.use_tokens(each.lease, "default", 10)
    assert tokens_of_all(stand.partitions, NOW, ["default"]) == {"default": 90}
    back, gone, *rest = jobs
    assert voice.return_translated(back.lease, back.job, Translation("de", "Where is it?"))
    assert not voice.return_translated(back.lease, back.job, Translation("de", "Where is it?"))
    assert set(voice.complete([done(each.lease, each.job) for each in rest])) == {"applied"}
    assert voice.show(gone.lease, gone.job.id, gone.job.conversation_id, "So. So. ", "x") == "shown"
    assert voice.release_all() == 1
    assert sorted(stand.answer_all()) == sorted([back.job.id, gone.job.id])
    assert not voice._held.holds(back.lease.token)


def test_a_translation_without_room_leaves_the_message_held_until_it_ends(stand: Stand) -> None:
    voice = stand.hire_voice("g")
    stand.ask("c1")
    stand.hand_over_all(BRIEF)
    (lease,) = voice.lease(1)
    seen: LeasedJob[ChatJob] = LeasedJob(lease, read_voiced_job(lease.raw, NOW))
    voice.claim([seen])
    long = Translation("de", "x" * MAX_BODY_BYTES)
    assert not voice.return_translated(lease, seen.job, long)
    assert voice.complete([done(lease, seen.job)]) == ["applied"]


def test_a_reply_is_handed_over_within_its_tenant_s_part_of_the_budget(stand: Stand) -> None:
    policy = replace(POLICY, voice_budgets=TokenBudgets({}, 30))
    stand.worker = stand.hire("w", policy)
    voice = stand.hire_voice("g")
    home = stand.partitions.index_of("c1")
    elsewhere = next(n for n in map(str, range(99)) if stand.partitions.index_of(n) != home)
    first, second = stand.ask("c1"), stand.ask(elsewhere)
    ends = {}
    for _ in range(2):
        (lease,) = stand.worker.lease(1)
        taken = LeasedJob(lease, wire.read_chat_job(lease.raw, NOW))
        stand.worker.claim([taken])
        end = done(lease, taken.job)
        assert end.result
        ends[taken.job.id] = replace(end, result=replace(end.result, brief=BRIEF))
    voice.use_tokens(ends[first.id].lease, "default", 10)
    assert stand.worker.offer_words([ends[first.id], ends[second.id]]) == ["spent", "handed"]


def test_a_partition_that_goes_away_while_a_reply_is_shown_leaves_open_whether_it_was(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = stand.hire_voice("g")
    stand.ask("c1")
    stand.hand_over_all(BRIEF)
    (lease,) = voice.lease(1)
    seen: LeasedJob[ChatJob] = LeasedJob(lease, read_voiced_job(lease.raw, NOW))
    voice.claim([seen])

    def away(*_: object) -> None:
        raise QueueUnavailable("gone")

    for queue in voice._queues:
        monkeypatch.setattr(queue, "show", away)
    with pytest.raises(QueueUnavailable):
        voice.show(lease, seen.job.id, seen.job.conversation_id, "", "So.")
    assert voice.complete([done(lease, seen.job)]) == ["postponed"]
