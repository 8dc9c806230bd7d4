"""The queues of the roles over all partitions: what each adds to PartitionedQueue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Tone, ToneJob
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import HandOver, HandOverVerdict
from workers.consumer.partition_routing import group, unmark
from workers.consumer.partitioned_queue import PartitionedQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue


class PartitionedInferenceQueue(PartitionedQueue[ChatJob, ChatResult, RedisInferenceQueue]):
    """A queue of chat jobs; also gives the tones of its jobs, and takes second looks."""

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are known, or can't come; ask to be sent the others."""
        found: dict[str, Tone] = {}
        for index, part in group(job_ids, self._home_of).items():
            asked = [job_ids[place] for place in part]
            if self._news.is_resting(index):
                continue
            try:
                found |= self._queues[index].tones(asked)
            except QueueUnavailable:
                self._news.rest(index)
        return found

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Listen on one channel, at any node: the whole cluster hears what is published."""
        return self._queues[0].subscribe_tones(on_tone, [queue.client for queue in self._queues])

    def hand_over(self, jobs: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
        """Hand jobs over for a second look, each within its partition."""

        def hand_over(index: int, part: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
            own = [
                replace(each, leased=replace(each.leased, lease=unmark(each.leased.lease)))
                for each in part
            ]
            return self._queues[index].hand_over(own)

        def stay(part: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
            return ["late"] * len(part)

        verdicts: list[HandOverVerdict] = self._by_partition(
            jobs, lambda each: each.leased.lease.token, hand_over, stay, "lost"
        )
        with self._lock:
            for each, verdict in zip(jobs, verdicts, strict=True):
                if verdict == "handed":
                    self._forget(each.leased.lease.token, each.leased.job.task_id)
        return verdicts


class PartitionedSentimentQueue(PartitionedQueue[ToneJob, Tone, RedisSentimentQueue]):
    """A queue of tone tasks."""

    def answers_waiting(self) -> int:
        """Guess how many messages wait for an inference worker, by one partition at a time."""
        self._sample = (self._sample + 1) % len(self._queues)
        return len(self._queues) * self._queues[self._sample].answers_waiting()
