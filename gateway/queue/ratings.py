"""The latest feedback with what it is about: the interface, and its adapter to Redis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, cast

import msgspec
import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.counts import BAD_SCORES
from shared.feedback import Feedback
from shared.jobs import Turn

RatingFilter = Literal["all", "bad"]
_CHUNK = 100
_MAX_LOOKED_AT = 2_000  # conversations
_feedback = msgspec.json.Decoder(Feedback)
_turn = msgspec.json.Decoder(Turn)


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody said of a reply; question and answer are None once the turns are forgotten."""

    job_id: str
    conversation_id: str
    score: int
    comment: str | None
    at: float
    entry: str | None
    kind: str | None
    question: str | None = None
    answer: str | None = None


class Ratings(Protocol):
    """Show feedback; raises QueueUnavailable."""

    def latest(self, tenant: str, wanted: RatingFilter, limit: int) -> Sequence[Rating]:
        """Return a tenant's newest ratings, the newest first."""


class RedisRatings:
    """Read the index of conversations with feedback from its end."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def latest(self, tenant: str, wanted: RatingFilter, limit: int) -> Sequence[Rating]:
        """Go back until no older conversation can have a newer rating."""
        found: list[tuple[str, Rating]] = []
        with queue_errors():
            for names, oldest in self._chunks(tenant):
                found += self._rated(names, wanted)
                if sum(each.at >= oldest for _, each in found) >= limit:
                    break
            newest = sorted(found, key=lambda pair: -pair[1].at)[:limit]
            texts = self._texts(dict.fromkeys(name for name, _ in newest))
        return [_with_texts(each, texts[name]) for name, each in newest]

    def _chunks(self, tenant: str) -> Iterator[tuple[list[str], float]]:
        """Yield conversations, newest first, with the time of the oldest one's last rating."""
        for start in range(0, _MAX_LOOKED_AT, _CHUNK):
            pairs = cast(
                "list[tuple[bytes, float]]",
                self._client.zrevrange(
                    keys.feedback(tenant), start, start + _CHUNK - 1, withscores=True
                ),
            )
            if pairs:
                yield [name.decode() for name, _ in pairs], pairs[-1][1]
            if len(pairs) < _CHUNK:
                return

    def _rated(self, names: Sequence[str], wanted: RatingFilter) -> Iterator[tuple[str, Rating]]:
        with self._client.pipeline(transaction=False) as step:
            for name in names:
                step.hgetall(keys.feedback_of(name))
            kept = cast("list[Mapping[bytes, bytes]]", step.execute())
        for name, jobs in zip(names, kept, strict=True):
            for job_id, stored in jobs.items():
                given = _feedback.decode(stored)
                if wanted == "all" or given.score in BAD_SCORES:
                    yield name, _rating(job_id.decode(), name, given)

    def _texts(self, names: Mapping[str, None]) -> Mapping[str, Sequence[Turn]]:
        with self._client.pipeline(transaction=False) as step:
            for name in names:
                step.lrange(keys.turns(name), 0, -1)
            found = cast("list[list[bytes]]", step.execute())
        return {
            name: [_turn.decode(turn) for turn in turns]
            for name, turns in zip(names, found, strict=True)
        }


def _rating(job_id: str, conversation_id: str, given: Feedback) -> Rating:
    ids = tenants.local(job_id), tenants.local(conversation_id)
    return Rating(*ids, given.score, given.comment, given.at, given.entry, given.kind)


def _with_texts(rating: Rating, turns: Sequence[Turn]) -> Rating:
    said = {turn.role: turn.text for turn in turns if turn.job_id == rating.job_id and not turn.by}
    return replace(rating, question=said.get("user"), answer=said.get("assistant"))
