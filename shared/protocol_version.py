"""Which version of the data in Redis this Parley speaks, and whether it may run on what is there.

The number rises with a change that an older Parley could not read. Each process registers with its
own; what is stored counts as of the lowest of those that live. So old and new ones run side by side
during an upgrade, an old one may come back while one of them is left, and none ever meets data that
it would misread.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import redis

from shared import keys
from shared.connection import REDIS_ERRORS, queue_errors
from shared.errors import ProtocolMismatch
from shared.partitions import connect_partitions
from shared.redis_faults import describe_fault
from shared.scripts import register_script
from shared.version import VERSION

_log = logging.getLogger(__name__)
_RENEWAL_SECONDS = 5.0
_LIVE_SECONDS = 20.0
_CHECK_SECONDS = 1.5
_DATA = b"data"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The version that a Parley writes, and the oldest that it reads."""

    version: int
    oldest_readable: int


# Up to 0.1.0 no number was stored; what those versions wrote is of version 1.
SPOKEN = Spoken(version=1, oldest_readable=1)


class ProtocolRegister:
    """The versions of the data and of all live processes, in Redis."""

    def __init__(self, client: "redis.Redis", spoken: Spoken = SPOKEN) -> None:
        self._client = client
        self._spoken = spoken
        self._register = register_script(client, "register_protocol.lua")

    def register(self, process: str, live_seconds: float = _LIVE_SECONDS) -> int:
        """Count as live from now on; return the data's version.

        Raises ProtocolMismatch if this Parley must not touch it, and what redis-py raises.
        """
        spoken = self._spoken
        args = (spoken.version, spoken.oldest_readable, process, live_seconds)
        data, may_run = cast("list[int]", self._register(keys=(keys.PROTOCOL,), args=args))
        if not may_run:
            raise ProtocolMismatch(_refusal(data, spoken))
        return data

    def check(self) -> int:
        """Return the data's version, 0 if none is stored, and register nobody.

        Raises as `register` does.
        """
        with queue_errors():
            data = int(cast("bytes | None", self._client.hget(keys.PROTOCOL, "data")) or 0)
        spoken = self._spoken
        if data > spoken.version or 0 < data < spoken.oldest_readable:
            raise ProtocolMismatch(_refusal(data, spoken))
        return data

    def live(self) -> Mapping[int, int]:
        """Return how many live processes have registered with each version."""
        with queue_errors():
            seconds, microseconds = self._client.time()
            fields = cast("Mapping[bytes, bytes]", self._client.hgetall(keys.PROTOCOL))
        now = seconds + microseconds / 1e6
        processes = (value.split() for name, value in fields.items() if name != _DATA)
        return Counter(int(version) for version, until in processes if float(until) >= now)


def check_protocol_at_start(url: str, process: str, partitions: int | None = None) -> None:
    """Register a process that starts; raise ProtocolMismatch if it must not.

    A Redis that does not answer yet is no fault: it is asked again while the process runs.
    """
    try:
        opened = connect_partitions(url, partitions, timeout_seconds=_CHECK_SECONDS, retries=0)
        with opened.home as client:
            ProtocolRegister(client).register(process)
    except REDIS_ERRORS as error:
        _log.warning("the data's protocol was not checked: %s", describe_fault(error))


class ProtocolKeeper:
    """Keep a process registered, from a thread of its own.

    One that was frozen for so long that the others went on without it ends.
    """

    def __init__(
        self,
        register: ProtocolRegister,
        process: str,
        *,
        end: Callable[[int], object] = os._exit,
        stopping: threading.Event | None = None,
    ) -> None:
        self._register = register
        self._process = process
        self._end = end
        self._stopping = stopping or threading.Event()

    def start(self) -> None:
        """Begin to renew."""
        threading.Thread(target=self._run, name="protocol", daemon=True).start()

    def _run(self) -> None:
        while not self._stopping.wait(_RENEWAL_SECONDS):
            self.renew()

    def renew(self) -> None:
        """Register once more; end the process if it must not go on."""
        try:
            self._register.register(self._process)
        except ProtocolMismatch as fault:
            _log.critical("this process ends: %s", fault)
            self._end(os.EX_CONFIG)
        except REDIS_ERRORS as error:  # told by all others that need Redis
            _log.debug("the protocol register is unavailable: %s", describe_fault(error))


def _refusal(data: int, spoken: Spoken) -> str:
    if data > spoken.version:
        return (
            f"The data in this Redis is of protocol {data}, and this Parley ({VERSION}) knows "
            f"protocols up to {spoken.version}: start the newer Parley that wrote it, or restore a "
            "backup from before the upgrade (docs/operations.md)."
        )
    return (
        f"The data in this Redis is of protocol {data}, and this Parley ({VERSION}) reads "
        f"{spoken.oldest_readable} and newer: let a version in between run on it first "
        "(docs/operations.md)."
    )
