"""The protocol in any order of steps: no job lost, effects once, conversations in order."""

from collections.abc import Iterator
from dataclasses import replace

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared import keys, tenants
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob, JobState, Translation
from tests.contract.protocol_snapshot import CONVERSATIONS
from tests.contract.protocol_stand import GATEWAY_LIMITS, ProtocolStand, Worker, foreign_message
from tests.support.queue_view import publish
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import HandOver, HandOverVerdict, LeasedJob
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import voice_due_at
from workers.consumer.redis_lease_queue import JUST_BEGUN_SECONDS

TALKS = st.sampled_from(("talk", *CONVERSATIONS))
SECONDS = st.sampled_from([None, 30.0, 60.0])
WORKERS = st.integers(0, 3)
SMALL_WORKERS = st.integers(0, 1)
COUNTS = st.integers(1, 4)
ENDS: st.SearchStrategy[JobState] = st.sampled_from(["done", "done", "failed"])


class Protocol(RuleBasedStateMachine):
    """Workers of each kind and a gateway; whatever can happen between two Lua calls."""

    stand: ProtocolStand

    def __init__(self) -> None:
        super().__init__()
        self.stand.reset()
        self.answered_now: list[str] = []

    @rule(conversation=TALKS, seconds=st.lists(SECONDS, min_size=1, max_size=3))
    def enqueue(self, conversation: str, seconds: list[float | None]) -> None:
        for each in seconds:
            self._enqueue(conversation, each)

    def _enqueue(self, conversation: str, seconds: float | None) -> None:
        stand = self.stand
        job = stand.new_job(conversation, seconds)
        waiting = len(stand.waiting()) + stand.client.zcard(keys.PARKED)
        has_share_left = stand.has_share_left(tenants.tenant_of(conversation))
        behind = stand.client.llen(keys.lane_waiting(conversation))
        stand.client.delete(keys.THROUGHPUT)  # it goes by real time: a halt of this test is none
        try:
            publish(stand.publisher, job)
        except AdmissionRefused:
            assert (waiting >= GATEWAY_LIMITS.messages and not has_share_left) or behind >= 4
        else:
            assert waiting < GATEWAY_LIMITS.messages or has_share_left
            stand.accept(job, external=False)

    @rule(conversation=TALKS, seconds=SECONDS)
    def celery_client_sends(self, conversation: str, seconds: float | None) -> None:
        job = self.stand.new_job(conversation, seconds)
        job = replace(job, id=tenants.local(job.id))  # its own id is in no tenant's scope
        self.stand.client.lpush(keys.INFERENCE, foreign_message(job))
        self.stand.accept(job, external=True)

    @precondition(lambda self: self.stand.waiting())
    @rule(at=WORKERS, count=COUNTS)
    def lease(self, at: int, count: int) -> None:
        worker = self.stand.workers[at]
        worker.leases += worker.queue.lease(count)

    @precondition(lambda self: self.stand.waiting())
    @rule(at=WORKERS, count=COUNTS)
    def lease_and_start(self, at: int, count: int) -> None:
        self.lease(at, count)
        self.start(9)

    @precondition(lambda self: self.stand.client.exists(keys.INFERENCE))
    @rule(at=SMALL_WORKERS)
    def wake(self, at: int) -> None:
        self.stand.workers[at].queue.wait(0.1)

    @precondition(lambda self: self.stand.client.exists(keys.INFERENCE))
    @rule(at=SMALL_WORKERS, count=COUNTS, lost=st.booleans(), starts=st.booleans())
    def wake_and_lease(self, at: int, count: int, lost: bool, starts: bool) -> None:
        self.wake(at)
        if lost:
            self.stand.workers[at].replies.meanwhile = self.all_holds
        self.lease(at, count)
        if starts:
            self.start(9)

    @precondition(lambda self: self.stand.client.exists(keys.INFERENCE))
    @rule(at=SMALL_WORKERS, count=COUNTS)
    def lease_while_given_up(self, at: int, count: int) -> None:
        worker, other = self.stand.workers[at], self.stand.workers[1 - at]
        self.wake(at)

        def give_up() -> None:
            self.stand.client.delete(keys.worker(worker.name))
            self._sweep(other)
            other.leases += other.queue.lease(count)

        worker.replies.meanwhile = give_up
        self.lease(at, count)
        self.stand.heartbeat(worker)

    @precondition(lambda self: any(worker.leases for worker in self.stand.workers))
    @rule(count=COUNTS)
    def start(self, count: int) -> None:
        for worker in self.stand.workers:
            leases, worker.leases = worker.leases[:count], worker.leases[count:]
            worker.jobs += worker.preparer.prepare(leases)
            self.stand.check()

    @precondition(lambda self: any(worker.jobs for worker in self.stand.workers))
    @rule(at=WORKERS, count=COUNTS, state=ENDS, last=st.booleans())
    def complete(self, at: int, count: int, state: JobState, last: bool) -> None:
        stand, worker = self.stand, self.stand.workers[at]
        jobs = worker.jobs[-count:] if last else worker.jobs[:count]
        held = [stand.holds(worker, job.lease.token) for job in jobs]
        stand.queue_tones(worker, jobs)
        verdicts = worker.queue.complete([stand.completion(job, state) for job in jobs])
        for job, valid, verdict in zip(jobs, held, verdicts, strict=True):
            name, ended = job.job.id, stand.jobs[job.job.id].result is not None
            ended = ended or name in self.answered_now
            assert verdict == ("lost" if not valid else "duplicate" if ended else "applied")
            if verdict == "applied":
                self.answered_now.append(name)
                assert stand.has_one_tone_task(name)
                if state == "done":
                    stand.answered.setdefault(job.job.conversation_id, []).append(name)
        worker.jobs = [job for job in worker.jobs if job not in jobs]

    @precondition(lambda self: any(worker.jobs for worker in self.stand.workers[:3]))
    @rule(at=st.integers(0, 2), count=COUNTS, repeated=st.booleans())
    def queue_tones(self, at: int, count: int, repeated: bool) -> None:
        worker = self.stand.workers[at]
        for _ in range(1 + repeated):
            self.stand.queue_tones(worker, worker.jobs[:count])

    @rule(at=SMALL_WORKERS, gives_early=st.booleans())
    def change_engine(self, at: int, gives_early: bool) -> None:
        self.stand.workers[at].gives_early = gives_early
        self.stand.heartbeat(self.stand.workers[at])

    @precondition(lambda self: any(worker.jobs for worker in self.stand.workers[:2]))
    @rule(at=SMALL_WORKERS, count=COUNTS, repeated=st.booleans())
    def hand_over(self, at: int, count: int, repeated: bool) -> None:
        worker, served = self.stand.workers[at], self._lives(2)
        jobs = worker.jobs[:count]
        expected = [self._hand_over_verdict(worker, job, served=served) for job in jobs]
        offers = [HandOver(LeasedJob(job.lease, job.job), lambda: "look") for job in jobs]
        verdicts = worker.queue.hand_over(offers)
        for verdict, possible in zip(verdicts, expected, strict=True):
            assert verdict in possible
        if repeated:
            again = worker.queue.hand_over(offers)
            assert again == ["lost" if each == "handed" else each for each in verdicts]
        handed = [job for job, each in zip(jobs, verdicts, strict=True) if each == "handed"]
        worker.jobs = [job for job in worker.jobs if job not in handed]

    def _hand_over_verdict(
        self, worker: Worker, job: PreparedJob[ChatJob], *, served: bool
    ) -> tuple[HandOverVerdict, ...]:
        if self.stand.clock.now() >= job.job.accepted_at + 0.5:
            return ("late",)
        if not self.stand.holds(worker, job.lease.token):
            return ("lost",)
        if self.stand.client.exists(keys.result(job.job.id)):
            return ("ended",)
        return ("handed", "late") if served else ("unserved",)

    def _lives(self, at: int) -> bool:
        return bool(self.stand.client.exists(keys.worker(self.stand.workers[at].name)))

    @precondition(lambda self: self.stand.waiting(keys.INFERENCE_LARGE))
    @rule(count=COUNTS)
    def look_again(self, count: int) -> None:
        self.lease(2, count)
        self.start(9)

    @precondition(lambda self: any(worker.jobs for worker in self.stand.workers[:3]))
    @rule(at=st.integers(0, 2), count=COUNTS, repeated=st.booleans())
    def offer_words(self, at: int, count: int, repeated: bool) -> None:
        worker, served = self.stand.workers[at], self._lives(3)
        # What comes back from a generation worker is ended as it is.
        jobs = [job for job in worker.jobs[:count] if job.job.draft is None]
        expected = [self._words_verdict(worker, job, served=served) for job in jobs]
        ends = [self.stand.completion(job, "done") for job in jobs]
        verdicts = worker.queue.offer_words(ends)
        for verdict, possible in zip(verdicts, expected, strict=True):
            assert verdict in possible
        if repeated:
            again = worker.queue.offer_words(ends)
            assert again == ["lost" if each == "handed" else each for each in verdicts]
        handed = [job for job, each in zip(jobs, verdicts, strict=True) if each == "handed"]
        worker.jobs = [job for job in worker.jobs if job not in handed]

    def _words_verdict(
        self, worker: Worker, job: PreparedJob[ChatJob], *, served: bool
    ) -> tuple[HandOverVerdict, ...]:
        if self.stand.clock.now() + 0.02 >= voice_due_at(job.job, 5.0):
            return ("late",)
        if not self.stand.holds(worker, job.lease.token):
            return ("lost",)
        if self.stand.client.exists(keys.result(job.job.id)):
            return ("ended",)
        return ("handed", "late") if served else ("unserved",)

    @precondition(lambda self: self.stand.waiting(keys.GENERATION))
    @rule(count=COUNTS)
    def take_up(self, count: int) -> None:
        self.lease(3, count)
        self.start(9)

    @precondition(lambda self: self.stand.workers[3].jobs)
    @rule(count=COUNTS, repeated=st.booleans())
    def show(self, count: int, repeated: bool) -> None:
        stand, worker = self.stand, self.stand.workers[3]
        assert isinstance(worker.queue, RedisGenerationQueue)
        for each in worker.jobs[:count]:
            job, known = each.job, stand.shown.get(each.job.id, "")
            valid = stand.holds(worker, each.lease.token)
            ended = stand.client.exists(keys.result(job.id))
            for _ in range(1 + repeated):
                said = worker.queue.show(each.lease, job.id, job.conversation_id, known, "é. ")
                assert said == ("lost" if not valid else "ended" if ended else "shown")
            if said == "shown":
                stand.shown[job.id] = f"{known}é. "

    @precondition(lambda self: self.stand.workers[3].jobs)
    @rule(repeated=st.booleans())
    def translate(self, repeated: bool) -> None:
        worker, queue = self.stand.workers[3], self.stand.workers[3].queue
        assert isinstance(queue, RedisGenerationQueue)
        each = worker.jobs.pop(0)
        if each.job.id in self.stand.shown:  # nothing is shown of what is to be translated
            worker.jobs.append(each)
            return
        valid = self.stand.holds(worker, each.lease.token)
        for expected in (valid, False)[: 1 + repeated]:
            english = Translation("de", "Hello")
            assert queue.return_translated(each.lease, each.job, english) == expected

    @precondition(lambda self: any(worker.jobs for worker in self.stand.workers[:2]))
    @rule(at=SMALL_WORKERS, repeated=st.booleans())
    def begin_words(self, at: int, repeated: bool) -> None:
        self.offer_words(at, 4, repeated)
        self.take_up(4)
        self.show(4, repeated)

    @rule(at=WORKERS, forgets=st.booleans())
    def die_or_freeze(self, at: int, forgets: bool) -> None:
        worker, other = self.stand.workers[at], self.stand.workers[(at + 1) % 2]
        self.stand.client.delete(keys.worker(worker.name))
        if forgets:
            self.stand.workers[at] = self.stand.hire(worker.kind)
        self._sweep(other)

    @rule(at=st.integers(2, 3), resumes=st.booleans())
    def pause(self, at: int, resumes: bool) -> None:
        worker = self.stand.workers[at]
        self.stand.heartbeat(worker, paused=True)
        self._sweep(self.stand.workers[0])
        assert self.stand.waiting(keys.INFERENCE_LARGE if at == 2 else keys.GENERATION) == []
        if resumes:
            self.stand.heartbeat(worker)
        else:
            self.stand.client.delete(keys.worker(worker.name))

    @rule(at=WORKERS)
    def sweep(self, at: int) -> None:
        self.stand.heartbeat(self.stand.workers[at])
        self._sweep(self.stand.workers[at])

    @rule(at=WORKERS)
    def stop_in_order(self, at: int) -> None:
        worker = self.stand.workers[at]
        worker.queue.release_all()
        self.stand.workers[at] = self.stand.hire(worker.kind)

    def _sweep(self, worker: Worker) -> None:
        over_limit = worker.queue.reclaim_dead().over_limit
        worker.preparer.dead_letter(over_limit, "delivered too often")

    @precondition(lambda self: self.stand.jobs)
    @rule(number=st.integers(0, 20), revoked=st.booleans())
    def cancel(self, number: int, revoked: bool) -> None:
        known = list(self.stand.jobs.values())[number % len(self.stand.jobs)]
        if revoked:
            self.stand.revoked.add(known.job.id)
        if revoked or self.stand.canceller.cancel(known.job.id):
            known.unwanted = True

    @rule(conversation=TALKS)
    def erase(self, conversation: str) -> None:
        self.stand.conversations.erase(conversation)
        for name in self.stand.answered.get(conversation, []):  # their ends say so from now on
            self.stand.jobs[name].result, self.stand.jobs[name].unwanted = None, True
        self.stand.answered[conversation] = []
        for known in self.stand.jobs.values():
            if known.job.conversation_id == conversation:  # also if no worker has met it
                known.unwanted = True

    @rule(seconds=st.sampled_from([1.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.stand.clock.advance(seconds)

    @rule()
    def lanes_run_out(self) -> None:
        self.stand.clock.advance(31)
        for conversation in self._lapsed():
            self.stand.client.delete(keys.lane(conversation))

    def _lapsed(self) -> Iterator[str]:
        running = {job.job.id for worker in self.stand.workers for job in worker.jobs}
        for conversation in CONVERSATIONS:
            holder = self.stand.holder(conversation)
            over_at = self.stand.jobs[holder].job.expires_at if holder else None
            if over_at and over_at <= self.stand.clock.now() and holder not in running:
                yield conversation

    @invariant()
    def all_holds(self) -> None:
        self.stand.check(self.answered_now)
        self.answered_now = []

    def teardown(self) -> None:
        """With one worker that lives, every accepted job comes to its end."""
        worker = self.stand.hire()
        for other in self.stand.workers:
            self.stand.client.delete(keys.worker(other.name))
        self.stand.workers = [worker]
        worker.jobs = worker.preparer.prepare(worker.queue.lease(4))
        self.stand.clock.advance(JUST_BEGUN_SECONDS)
        for _ in range(3 * len(self.stand.jobs) + 3):
            self.complete(0, 4, "done", last=False)
            self.all_holds()
            self._sweep(worker)
            worker.jobs = worker.preparer.prepare(worker.queue.lease(4))
            self.all_holds()
        unfinished = [name for name, known in self.stand.jobs.items() if known.result is None]
        assert unfinished == []
        for queue in (keys.INFERENCE, keys.INFERENCE_LARGE, keys.GENERATION):
            assert self.stand.waiting(queue) == []
        for kind in ("lane", "flows:inference", "flows:generation", "parked", "reply-text"):
            assert self.stand.client.keys(f"parley:{kind}*") == []


def test_the_protocol_keeps_its_promises(redis_url: str, redis_client: "redis.Redis") -> None:
    stand = ProtocolStand(redis_url, redis_client)
    machine = type("ProtocolOverRedis", (Protocol,), {"stand": stand})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            phases=(Phase.reuse, Phase.generate),  # to shrink takes longer than to read
            suppress_health_check=list(HealthCheck),
        ),
    )
