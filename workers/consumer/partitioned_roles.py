"""The queues of the roles over all partitions: what each adds to PartitionedQueue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Tone, ToneJob, Translation
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion, DueTone, HandOver, HandOverVerdict, Lease
from workers.consumer.partition_routing import group, partition_of, unmark
from workers.consumer.partitioned_queue import PartitionedQueue
from workers.consumer.redis_generation_queue import RedisGenerationQueue, ShowVerdict
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

    def queue_tones(self, tones: Sequence[DueTone[ChatJob]]) -> None:
        """Queue tone tasks that are due, each in its partition, unless that is out of reach."""
        for index, places in group(tones, lambda tone: self._home_of(tone.job.id)).items():
            if self._news.is_resting(index):
                continue
            try:
                self._queues[index].queue_tones([tones[place] for place in places])
            except QueueUnavailable:
                self._news.rest(index)

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
        self._forget_handed([(each.leased.lease, each.leased.job.id) for each in jobs], verdicts)
        return verdicts

    def offer_words(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[HandOverVerdict | None]:
        """Hand over what a language model may put into words, each within its partition."""

        def offer(
            index: int, part: Sequence[Completion[ChatJob, ChatResult]]
        ) -> list[HandOverVerdict | None]:
            own = [replace(each, lease=unmark(each.lease)) for each in part]
            return self._queues[index].offer_words(own)

        def stay(part: Sequence[Completion[ChatJob, ChatResult]]) -> list[HandOverVerdict | None]:
            return ["late"] * len(part)

        verdicts: list[HandOverVerdict | None] = self._by_partition(
            completions, lambda each: each.lease.token, offer, stay, "lost"
        )
        self._forget_handed([(each.lease, each.task_id) for each in completions], verdicts)
        return verdicts

    def _forget_handed(
        self,
        jobs: Sequence[tuple[Lease, str | None]],
        verdicts: Sequence[HandOverVerdict | None],
    ) -> None:
        with self._lock:
            for (lease, task_id), verdict in zip(jobs, verdicts, strict=True):
                if verdict == "handed":
                    self._forget(lease.token, task_id)


class PartitionedGenerationQueue(PartitionedQueue[ChatJob, ChatResult, RedisGenerationQueue]):
    """A queue of replies that are to be put into words."""

    def show(
        self, lease: Lease, job_id: str, conversation_id: str, known: str, text: str
    ) -> ShowVerdict:
        """Show a further part of a reply in its partition; raise QueueUnavailable at once."""
        if not self._held.holds(lease.token):
            return "lost"
        queue = self._queues[partition_of(lease.token)]
        try:
            return queue.show(unmark(lease), job_id, conversation_id, known, text)
        except QueueUnavailable:
            self._news.rest(partition_of(lease.token))
            raise

    def return_translated(self, lease: Lease, job: ChatJob, translation: Translation) -> bool:
        """Put a job back within its partition; False also if that is out of reach."""
        if not self._held.holds(lease.token):
            return False
        queue = self._queues[partition_of(lease.token)]
        try:
            returned = queue.return_translated(unmark(lease), job, translation)
        except QueueUnavailable:
            self._news.rest(partition_of(lease.token))
            return False
        if returned:
            with self._lock:
                self._forget(lease.token, job.id)
        return returned

    def use_tokens(self, lease: Lease, tenant: str, tokens: int) -> None:
        """Add to what a tenant has used in the lease's partition; raise QueueUnavailable."""
        self._queues[partition_of(lease.token)].use_tokens(lease, tenant, tokens)


class PartitionedSentimentQueue(PartitionedQueue[ToneJob, Tone, RedisSentimentQueue]):
    """A queue of tone tasks."""

    def answers_waiting(self) -> int:
        """Guess how many messages wait for an inference worker, by one partition at a time."""
        self._sample = (self._sample + 1) % len(self._queues)
        return len(self._queues) * self._queues[self._sample].answers_waiting()
