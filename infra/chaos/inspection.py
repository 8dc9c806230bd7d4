"""What an outsider finds once all has healed: jobs, conversations, dead letters, what is left over.

Jobs and conversations are read over HTTP as any client could; only dead letters and leftovers need
a look into Redis.
"""

import contextlib
import http.client
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import redis

from infra.chaos.client import Answer, Wire, digest_of
from infra.dead_letters import DeadLetterBox
from shared import keys
from shared.errors import BenchError, MalformedMessage
from shared.wire import decode

_TRIES = 20
_PAUSE_SECONDS = 0.5
_MARK_BYTES = 4_096

# Nothing of these may be there when nothing is under way.
_PASSING = (
    *(f"{queue}*" for queue in (keys.INFERENCE, keys.SENTIMENT)),
    *(keys.handoff("*"), keys.lease("*"), keys.quarantine("*")),
    *(keys.lane("*"), keys.lane_waiting("*"), keys.job("*")),
)
# What may live without a TTL: single keys, and lists and sets with a cap or a sweep.
_CELERYS = ".reply.celery.pidbox"  # what a worker leaves that dies while Celery greets the others
_LASTING = (
    keys.DEAD_LETTERS,
    keys.LEASE_TOKEN,
    keys.THROUGHPUT,
    keys.workers(""),
    "_kombu.",
    "unacked",
)


@dataclass(frozen=True, slots=True)
class FoundJob:
    """What GET /jobs/{id} tells; `state` is None for a job that is not known."""

    state: str | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class FoundTurn:
    """One line of a conversation; an assistant's text is only told by its digest."""

    role: str
    job_id: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A dead letter: its name, its reason, the text of the message or else its first bytes."""

    name: str
    queue: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found."""

    jobs: dict[str, FoundJob] = field(default_factory=dict)
    conversations: dict[str, list[FoundTurn]] = field(default_factory=dict)
    letters: list[FoundLetter] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)


def inspect(
    urls: Sequence[str],
    client: "redis.Redis",
    job_ids: Iterable[str],
    conversation_ids: Iterable[str],
) -> Inspection:
    """Look at everything."""
    wire = Wire(urls, first=0)
    with contextlib.closing(wire):
        jobs = {job_id: _job(_get(wire, f"/jobs/{job_id}")) for job_id in job_ids}
        conversations = {
            each: _turns(_get(wire, f"/conversations/{each}")) for each in conversation_ids
        }
    return Inspection(jobs, conversations, letters(client), left_over(client), _unbounded(client))


def left_over(client: "redis.Redis") -> list[str]:
    """Name what is still under way in Redis."""
    return sorted({key for pattern in _PASSING for key in _scan(client, pattern)})


def letters(client: "redis.Redis") -> list[FoundLetter]:
    """Return all dead letters."""
    return [
        FoundLetter(each.name, each.letter.queue, each.letter.reason, _text(each.letter.raw))
        for each in DeadLetterBox(client).read()
    ]


def _unbounded(client: "redis.Redis") -> list[str]:
    names = [key for key in _scan(client, "*") if not key.startswith(_LASTING)]
    return [key for key in names if client.ttl(key) == -1 and not key.endswith(_CELERYS)]


def _scan(client: "redis.Redis", pattern: str) -> Iterator[str]:
    for key in client.scan_iter(pattern, count=1_000):
        yield cast("bytes", key).decode()


def _get(wire: Wire, path: str) -> Answer:
    """Ask until a gateway answers; the system has healed, so that is soon."""
    for _ in range(_TRIES):
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = wire.ask("GET", path, None, {})
            if answer.status < 500:
                return answer
        time.sleep(_PAUSE_SECONDS)
    raise BenchError(f"GET {path} has no answer though all parts serve")


def _job(answer: Answer) -> FoundJob:
    if answer.status != 200:
        return FoundJob(None)
    reply: dict[str, Any] | None = answer.body.get("reply")
    return FoundJob(str(answer.body["state"]), digest_of(reply["response"]) if reply else None)


def _turns(answer: Answer) -> list[FoundTurn]:
    return [
        FoundTurn(turn["role"], turn["job_id"], turn["text"], digest_of(turn["text"]))
        for turn in answer.body.get("turns", ())
    ]


def _text(raw: bytes) -> str:
    try:
        return str(decode(raw).args[0]["message"])
    except (MalformedMessage, LookupError, TypeError):
        return raw[:_MARK_BYTES].decode(errors="replace")
