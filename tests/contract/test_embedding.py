"""A job of texts on its way through Redis leaves a result, and nothing else."""

from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, Queued, RedisPublisher
from shared import keys
from shared.jobs import EmbedJob
from shared.results import JobRecord
from shared.wire import read_inference_job
from tests.contract.broker import NOW, Broker
from workers.consumer.chat_result import NO_REPLY, ChatResult
from workers.consumer.lease_queue import Completion, LeasedJob

BODY = b'{"vectors":"","dimension":2,"tokens":3}'


def test_it_is_queued_claimed_and_ended_without_tone_or_turn(broker: Broker) -> None:
    publisher = RedisPublisher(broker.client, EnqueueLimits(9, 60, 60))
    job = EmbedJob("e", "", "e", NOW, expires_at=NOW + 30, gateway="g", texts=("one",))
    assert isinstance(publisher.submit(EnqueueRequest.of(job)), Queued)
    assert broker.waiting(keys.SENTIMENT) == []

    queue = broker.inference("w")
    [lease] = queue.lease(9)
    leased = LeasedJob(lease, read_inference_job(lease.raw, NOW))
    assert [claim.verdict for claim in queue.claim([leased])] == ["run"]
    result = ChatResult(NO_REPLY, embedded=BODY)
    end = Completion(lease=lease, job=leased.job, task_id="e", done_at=NOW, result=result)
    assert queue.complete([end]) == ["applied"]

    assert broker.result("e") == JobRecord("done", BODY)
    left = {key.decode() for key in broker.client.keys("*")}  # type: ignore[union-attr]
    assert keys.result("e") in left
    assert not [key for key in left if key.endswith(":e")]

    RedisJobStore(broker.client).forget(["e"])
    assert broker.result("e") is None
