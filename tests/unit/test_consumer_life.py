"""The batch consumer's own life: it starts and stops whatever Redis does."""

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, WorkerStatus
from shared.wire import encode_infer
from tests.fakes.consumer import NEUTRAL, FakeQueue, PoisonableEngine, chat_role
from tests.support.processes import wait_until
from workers.consumer.batching import BatchLimits
from workers.consumer.consumer import BatchConsumer, ConsumerOptions
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Reclaimed
from workers.consumer.linger import NoLinger
from workers.consumer.redis_inference_queue import ChatResult

OPTIONS = ConsumerOptions(BatchLimits(8, 1_024), NoLinger(), lambda: {"cache_entries": 3.0})


class LateQueue(FakeQueue):
    """A queue that cannot be reached at the first heartbeat."""

    absences = 1

    def heartbeat(self, status: WorkerStatus) -> None:
        if self.absences:
            self.absences -= 1
            raise QueueUnavailable("not there yet")
        super().heartbeat(status)


def consumer_over(queue: FakeQueue) -> BatchConsumer[ChatJob, ChatResult]:
    return BatchConsumer(WorkerContext("w"), chat_role(queue), queue, PoisonableEngine(), OPTIONS)


def test_a_worker_that_starts_while_redis_is_down_serves_once_it_is_up() -> None:
    queue = LateQueue()
    consumer = consumer_over(queue)
    consumer.start()
    assert queue.statuses == []
    wait_until(lambda: bool(queue.statuses), 5)
    consumer.stop()
    assert queue.released == 1


def test_a_message_goes_all_the_way_and_one_over_its_limit_is_ended() -> None:
    queue = FakeQueue(known_tones={"a": NEUTRAL})
    (over,) = queue.push(encode_infer(ChatJob("over", "two words", "c", 0.0)))
    queue.leases.clear()
    queue.reclaimed = Reclaimed(returned=2, over_limit=(over,))
    queue.push(encode_infer(ChatJob("a", "two words", "c-a", 0.0)))
    consumer = consumer_over(queue)
    consumer.start()
    wait_until(lambda: len(queue.completed) == 2, 10)
    consumer.stop()
    assert {each.task_id: each.state for each in queue.completed} == {"a": "done", "over": "failed"}
    counters = queue.statuses[-1].counters
    assert counters["cache_entries"] == 3.0
