"""Chooses ids whose hashes name the partition in which the job shall lie."""

from typing import cast

import redis

from gateway.caller import Caller
from gateway.idempotency import IdempotencyKey
from gateway.queue.placement import Place
from shared import keys, wire
from shared.connection import queue_errors
from shared.partitions import Partitions


class PartitionedIds:
    """Give job ids that name their conversation's partition.

    An idempotency key is known in the partition of its first request's conversation alone, so a
    pointer in the key's own partition leads there, whatever conversation a repetition names.
    """

    def __init__(self, partitions: Partitions, pointer_ttl_seconds: int) -> None:
        self._partitions = partitions
        self._ttl_seconds = pointer_ttl_seconds

    def place(
        self, caller: Caller, conversation_id: str | None, key: IdempotencyKey | None
    ) -> Place:
        """Return ids of one partition."""
        job_id = caller.scope(wire.new_job_id())
        wanted = caller.scope(conversation_id) if conversation_id else None
        if key is not None:
            with queue_errors():
                wanted = self._conversation_of(key.key, wanted, job_id)
        if wanted is None or wanted == job_id:
            return Place(job_id, job_id)
        return Place(self._id_beside(wanted, caller), wanted)

    def _id_beside(self, conversation_id: str, caller: Caller) -> str:
        index = self._partitions.index_of(conversation_id)
        while True:  # one in as many as there are partitions fits
            job_id = caller.scope(wire.new_job_id())
            if self._partitions.index_of(job_id) == index:
                return job_id

    def _conversation_of(self, key: str, wanted: str | None, new: str) -> str:
        """Return the conversation in whose partition a key is known, or shall be from now on."""
        proposed = wanted or new
        client, pointer = self._partitions.of(key), keys.idempotency_pointer(key)
        answer = client.set(pointer, proposed, nx=True, get=True, ex=self._ttl_seconds)
        first = cast("bytes | None", answer)
        if first is None or first.decode() == proposed:
            return proposed
        if wanted is None or self._is_known(key, first.decode()):
            return first.decode()
        client.set(pointer, proposed, ex=self._ttl_seconds)
        return proposed

    def _is_known(self, key: str, conversation_id: str) -> bool:
        client: redis.Redis = self._partitions.of(conversation_id)
        return bool(client.exists(keys.idempotency(key)))
