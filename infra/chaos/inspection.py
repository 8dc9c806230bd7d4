"""What an outsider finds once the system has settled: jobs, conversations, dead letters, leftovers.

Jobs and conversations are read over HTTP as any client could; only dead letters and leftovers need
a look into Redis.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import redis

from infra.chaos.client import GatewayLink, GatewayResponse, digest_of
from infra.dead_letters import DeadLetterBox
from infra.http_client import HTTP_ERRORS
from shared import keys
from shared.errors import BenchError, MalformedMessage
from shared.task_message import decode

_TRIES = 20
_PAUSE_SECONDS = 0.5
_MARK_BYTES = 4_096

# None of these may exist while nothing is in flight.
_TRANSIENT = (
    *(f"{queue}*" for queue in (keys.INFERENCE, keys.SENTIMENT, keys.GENERATION)),
    *(keys.handoff("*"), keys.lease("*"), keys.quarantine("*")),
    *(keys.lane("*"), keys.lane_waiting("*"), keys.job("*")),
)
# What may live without a TTL: single keys, and lists and sets with a cap or a sweep.
_CELERY_LEFTOVER = (
    ".reply.celery.pidbox"  # left by a worker that dies while Celery greets the others
)
_PERMANENT = (
    keys.DEAD_LETTERS,
    keys.LEASE_TOKEN,
    keys.THROUGHPUT,
    keys.PARTITIONS,
    keys.PROTOCOL,
    keys.workers(""),
    "_kombu.",
    "unacked",
)


@dataclass(frozen=True, slots=True)
class FoundJob:
    """What GET /jobs/{id} answers; `state` is None for a job that is not known."""

    state: str | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class FoundTurn:
    """One line of a conversation; of an assistant's text only the digest counts."""

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
    """Read all that the campaign is judged by."""
    link = GatewayLink(urls, first=0)
    with contextlib.closing(link):
        jobs = {job_id: _job(_get(link, f"/jobs/{job_id}")) for job_id in job_ids}
        conversations = {
            each: _turns(_get(link, f"/conversations/{each}")) for each in conversation_ids
        }
    return Inspection(jobs, conversations, letters(client), left_over(client), unbounded(client))


def left_over(client: "redis.Redis") -> list[str]:
    """Name what is still in flight in Redis."""
    return sorted({key for pattern in _TRANSIENT for key in _scan(client, pattern)})


def letters(client: "redis.Redis") -> list[FoundLetter]:
    """Return all dead letters."""
    return [
        FoundLetter(each.name, each.letter.queue, each.letter.reason, _text(each.letter.raw))
        for each in DeadLetterBox(client).read()
    ]


def unbounded(client: "redis.Redis") -> list[str]:
    """Name the keys that would live for ever, though nothing bounds them."""
    names = [key for key in _scan(client, "*") if not key.startswith(_PERMANENT)]
    return [key for key in names if client.ttl(key) == -1 and not key.endswith(_CELERY_LEFTOVER)]


def _scan(client: "redis.Redis", pattern: str) -> Iterator[str]:
    for key in client.scan_iter(pattern, count=1_000):
        yield cast("bytes", key).decode()


def _get(link: GatewayLink, path: str) -> GatewayResponse:
    """Ask until a gateway answers; the system has settled, so that is soon."""
    for _ in range(_TRIES):
        with contextlib.suppress(*HTTP_ERRORS):
            response = link.ask("GET", path, None, {})
            if response.status < 500:
                return response
        time.sleep(_PAUSE_SECONDS)
    raise BenchError(f"GET {path} has no answer though all services are ready")


def _job(response: GatewayResponse) -> FoundJob:
    if response.status != 200:
        return FoundJob(None)
    reply: dict[str, Any] | None = response.body.get("reply")
    return FoundJob(str(response.body["state"]), digest_of(reply["response"]) if reply else None)


def _turns(response: GatewayResponse) -> list[FoundTurn]:
    return [
        FoundTurn(turn["role"], turn["job_id"], turn["text"], digest_of(turn["text"]))
        for turn in response.body.get("turns", ())
    ]


def _text(raw: bytes) -> str:
    try:
        return str(decode(raw).args[0]["message"])
    except (MalformedMessage, LookupError, TypeError):
        return raw[:_MARK_BYTES].decode(errors="replace")
