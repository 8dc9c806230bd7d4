"""A gateway's ports and workers over several partitions, here of one server."""

from dataclasses import replace

import redis

from gateway.caller import Caller
from gateway.chat_request import ChatRequest
from gateway.partitioned.compose import connect_ports
from gateway.queue.adapters import QueueOptions, QueuePorts
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import (
    EnqueueLimits,
    EnqueueRequest,
)
from shared import keys, wire
from shared.jobs import ChatJob
from shared.partitions import Partitions, connect_partitions
from shared.queue_lists import QueueLists
from tests.contract.broker import NOW, POLICY, done, status
from tests.fakes.clock import ManualClock
from workers.bootstrap import queue_over
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import LeasedJob, QueuePolicy
from workers.consumer.partitioned_roles import (
    PartitionedGenerationQueue,
    PartitionedInferenceQueue,
)
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.voice.brief import Brief, Source

COUNT = 3
BRIEF = Brief("answer", "text", (Source("entry", "Question?", "Answer."),), "Answer.")
CALLER = Caller("default")


class Stand:
    """A gateway's ports and a worker over partitions of one server."""

    def __init__(self, url: str) -> None:
        self.clock = ManualClock(NOW)
        self.partitions: Partitions = connect_partitions(url, COUNT)
        limits = EnqueueLimits(messages=300, job_ttl_seconds=600, lane_ttl_seconds=600)
        options = QueueOptions(
            gateway_id="g", clock=self.clock, limits=limits, conversation_ttl_seconds=600
        )
        self.ports: QueuePorts = connect_ports(self.partitions, QueueLists(), options)
        self.dispatcher = Dispatcher(
            self.ports.publisher,
            PendingReplies(),
            self.ports.jobs,
            self.ports.canceller,
            DisconnectWatcher(),
            self.clock,
            gateway_id="g",
            deadline_seconds=60,
            placement=self.ports.placement,
        )
        self.worker = self.hire("w")

    def hire(self, name: str, policy: QueuePolicy = POLICY) -> PartitionedInferenceQueue:
        context = WorkerContext(name, clock=self.clock)

        def build(
            client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
        ) -> RedisInferenceQueue:
            return RedisInferenceQueue(client, context, policy, retry=retry)

        queue = queue_over(
            self.partitions, keys.INFERENCE, context, policy, build, PartitionedInferenceQueue
        )
        assert isinstance(queue, PartitionedInferenceQueue)
        queue.heartbeat(status(name))
        return queue

    def hire_voice(self, name: str) -> PartitionedGenerationQueue:
        context = WorkerContext(name, clock=self.clock)

        def build(
            client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
        ) -> RedisGenerationQueue:
            return RedisGenerationQueue(client, context, policy, retry=retry)

        queue = queue_over(
            self.partitions, keys.GENERATION, context, POLICY, build, PartitionedGenerationQueue
        )
        assert isinstance(queue, PartitionedGenerationQueue)
        beat = replace(status(name, keys.GENERATION), counters={"pace_seconds": 0.01})
        queue.heartbeat(beat)
        return queue

    def hand_over_all(self, brief: Brief) -> list[str]:
        """Decide all that is queued and hand it over to be put into words; return the jobs."""
        handed = []
        while leases := self.worker.lease(4):
            jobs = [LeasedJob(each, wire.read_chat_job(each.raw, NOW)) for each in leases]
            assert {each.verdict for each in self.worker.claim(jobs)} == {"run"}
            ends = [done(each.lease, each.job) for each in jobs]
            briefed = [
                replace(end, result=replace(end.result, brief=brief)) for end in ends if end.result
            ]
            assert set(self.worker.offer_words(briefed)) == {"handed"}
            assert set(self.worker.complete(ends)) == {"lost"}
            handed += [each.job.id for each in jobs]
        return handed

    def ask(self, conversation: str | None, user: str | None = None) -> ChatJob:
        request = ChatRequest("Where is my parcel?", conversation, user)
        accepted = self.dispatcher.accept(request, CALLER)
        self.ports.publisher.submit(EnqueueRequest.of(accepted))
        return accepted

    def answer_all(self) -> list[str]:
        """Answer all that is queued, as a worker does; return the jobs."""
        answered = []
        self.clock.advance(1)
        while leases := self.worker.lease(4):
            jobs = [LeasedJob(each, wire.read_chat_job(each.raw, NOW)) for each in leases]
            claims = self.worker.claim(jobs)
            wanted = [
                each for each, claim in zip(jobs, claims, strict=True) if claim.verdict == "run"
            ]
            verdicts = self.worker.complete([done(each.lease, each.job) for each in wanted])
            assert set(verdicts) <= {"applied"}
            answered += [each.job.id for each in wanted]
        return answered
