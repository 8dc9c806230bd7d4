"""Calls that wait until replicas have what they wrote: with Redis's WAIT, in one pipeline."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis

from shared.outage_log import OutageLog
from shared.scripts import Script, register_script

WAIT_MILLISECONDS = 500
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplicaAcks:
    """How many replicas must have a write; `on_missing` hears of each call that had fewer in time.

    Such a call has taken effect all the same: it is as safe as one that waits for none.
    """

    replicas: int = 0
    on_missing: Callable[[], None] = lambda: None


NO_ACKS = ReplicaAcks()


def register_acked_script(
    client: "redis.Redis", name: str, acks: ReplicaAcks, prefix: str = ""
) -> Script:
    """Return a script of shared/lua whose calls wait for replicas, if any are asked for."""
    script = register_script(client, name, prefix)
    return _AckedScript(client, script, acks) if acks.replicas else script


class _AckedScript:
    def __init__(self, client: "redis.Redis", script: Script, acks: ReplicaAcks) -> None:
        self._client = client
        self._script = script
        self._acks = acks
        self._shortage = OutageLog(logger, f"the copy on {acks.replicas} replicas")

    def __call__(
        self,
        keys: Sequence[str] = (),
        args: Sequence[Any] = (),
        client: "redis.Redis | None" = None,
    ) -> Any:
        if client is not None:
            return self._script(keys=keys, args=args, client=client)
        with self._client.pipeline(transaction=False) as pipeline:
            self._script(keys=keys, args=args, client=pipeline)
            cast("Any", pipeline).execute_command("WAIT", self._acks.replicas, WAIT_MILLISECONDS)
            answer, acked = pipeline.execute()
        self._record(acked)
        return answer

    def _record(self, acked: int) -> None:
        is_short = acked < self._acks.replicas
        self._shortage.record(f"{acked} have it in time" if is_short else None)
        if is_short:
            self._acks.on_missing()
