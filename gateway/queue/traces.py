"""Drops what other keys have of erased conversations: by their ids, since nothing lists it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import cast

import msgspec
import redis

from gateway.queue.dead_letters import mentions
from gateway.queue.unanswered import KEYS_A_SCAN, queue_lists, read_list, take_off
from shared import keys, tenants
from shared.errors import MalformedMessage
from shared.follow_ups import with_other_result
from shared.scripts import Script
from shared.wire import read_tone_job

_LETTERS_A_READ = 500
_HISTORY = keys.history("")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: ids in their tenants' scopes, and the user, if it was one's."""

    conversations: Collection[str]
    jobs: Collection[str]
    user_id: str | None = None


class Traces:
    """Find and drop them; `replace_follow_ups` is the script of that name."""

    def __init__(self, client: "redis.Redis", replace_follow_ups: Script) -> None:
        self._client = client
        self._replace_follow_ups = replace_follow_ups

    def drop(self, erased: Erased, ended: bytes, now: float) -> None:
        """Drop all traces; `ended` is the JSON that stands for the results from now on."""
        self._drop_letters(erased)
        self._drop_idempotency_records(erased)
        self.drop_pointers(erased)
        self._drop_tone_tasks(erased)
        replaced = self._follow_ups(erased, ended)
        if replaced:
            listed = (keys.FOLLOW_UPS, keys.FOLLOW_UPS_SENDING)
            self._replace_follow_ups(keys=listed, args=[now, *replaced])

    def drop_pointers(self, erased: Erased) -> None:
        """Drop what leads to the conversations from elsewhere: in any partition."""
        self._drop_histories(erased)
        self._drop_idempotency_pointers(erased)
        self._drop_gap_groups(erased)

    def _drop_idempotency_pointers(self, erased: Erased) -> None:
        for key in self._client.scan_iter(keys.idempotency_pointer("*"), KEYS_A_SCAN):
            found = cast("bytes | None", self._client.get(key)) or b""
            if found.decode() in erased.conversations:
                self._client.delete(key)

    def _drop_letters(self, erased: Erased) -> None:
        user = (erased.user_id,) if erased.user_id else ()
        wanted = frozenset((*erased.conversations, *erased.jobs, *user))
        for letter in [letter for letter in self._letters() if mentions(letter, wanted)]:
            self._client.lrem(keys.DEAD_LETTERS, 1, cast("str", letter))

    def _letters(self) -> Iterator[bytes]:
        start = 0
        while letters := self._client.lrange(keys.DEAD_LETTERS, start, start + _LETTERS_A_READ - 1):
            yield from cast("list[bytes]", letters)
            start += _LETTERS_A_READ

    def _drop_idempotency_records(self, erased: Erased) -> None:
        for key in self._client.scan_iter(keys.idempotency("*"), KEYS_A_SCAN):
            record = (cast("bytes | None", self._client.get(key)) or b"").decode()
            separator = "\n" if "\n" in record else " "  # which earlier versions wrote
            if record.rpartition(separator)[2] in erased.conversations:
                self._client.delete(key)

    def _drop_gap_groups(self, erased: Erased) -> None:
        """Drop what was made of these and other conversations' gaps; it is made anew on demand."""
        for tenant in {tenants.tenant_of(each) for each in erased.conversations}:
            self._client.delete(keys.gap_groups(tenant))

    def _drop_histories(self, erased: Erased) -> None:
        for key in self._client.scan_iter(keys.history("*"), KEYS_A_SCAN):
            tenant = tenants.tenant_of(key.decode().removeprefix(_HISTORY))
            for conversation in read_list(self._client, key):
                if tenants.scope(tenant, conversation.decode()) in erased.conversations:
                    self._client.lrem(key, 0, cast("str", conversation))

    def _drop_tone_tasks(self, erased: Erased) -> None:
        for name in queue_lists(self._client, keys.SENTIMENT):
            for raw in read_list(self._client, name):
                if _judged_job(raw) in erased.jobs:
                    take_off(self._client, name, raw)

    def _follow_ups(self, erased: Erased, ended: bytes) -> list[bytes]:
        """Return those that wait to be sent, each with what is to stand in its place."""
        sending = cast("list[bytes]", self._client.zrange(keys.FOLLOW_UPS_SENDING, 0, -1))
        replaced: list[bytes] = []
        for written in (*read_list(self._client, keys.FOLLOW_UPS.encode()), *sending):
            other = with_other_result(written, erased.jobs, msgspec.Raw(ended))
            replaced += () if other is None else (written, other)
        return replaced


def _judged_job(raw: bytes) -> str | None:
    try:
        return read_tone_job(raw, 0.0).job_id
    except MalformedMessage:
        return None
