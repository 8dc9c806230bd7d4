"""Tells the story of a conversation, and finds it by any id: the interface, and its adapter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast, get_args

import msgspec
import redis

from gateway.queue.handovers import Handovers
from gateway.queue.story import Death, FoundConversation, Story, StoryJob, StoryState
from shared import keys, results, tenants, wire
from shared.clock import Clock
from shared.connection import queue_errors
from shared.dead_letters import DeadLetter
from shared.errors import MalformedMessage
from shared.feedback import Feedback
from shared.jobs import JobState

MAX_FOUND = 50  # conversations of a user, the newest
MAX_LETTERS = 2_000  # dead letters, the newest: no index leads to them
_STATES = get_args(JobState)
_letter = msgspec.json.Decoder(DeadLetter)
_feedback = msgspec.json.Decoder(Feedback)


class Stories(Protocol):
    """Tell and find; both methods raise QueueUnavailable."""

    def tell(self, conversation_id: str) -> Story:
        """Return all that is kept of a conversation (its id inside); of an unknown one nothing."""

    def find(self, tenant: str, wanted: str) -> Sequence[FoundConversation]:
        """Return a tenant's conversations to which an id leads: conversation's, job's or user's."""


class _JobId(msgspec.Struct):
    job_id: str


class _Reply(msgspec.Struct):
    conversation_id: str


_job_id = msgspec.json.Decoder(_JobId)


@dataclass(frozen=True, slots=True)
class _Ended:
    """What is stored of a job: its end, for so many seconds yet, or its state until then."""

    record: results.JobRecord | None
    seconds_left: int
    state: bytes | None


class RedisStories:
    """Read turns, results, feedback and dead letters. Changes nothing."""

    def __init__(self, client: "redis.Redis", handovers: Handovers, clock: Clock) -> None:
        self._client = client
        self._handovers = handovers
        self._clock = clock

    def tell(self, conversation_id: str) -> Story:
        """Read all in a few round trips, dead letters last: a message may die meanwhile."""
        handover = self._handovers.last_of(conversation_id)
        tenant = tenants.tenant_of(conversation_id)
        with queue_errors():
            turns, users, feedback, waiting = self._look(conversation_id)
            names = dict.fromkeys(_job_id.decode(turn).job_id for turn in turns)
            deaths, whole = self._deaths(conversation_id, tenant, list(names))
            names |= dict.fromkeys((*map(tenants.local, waiting), *deaths))
            ended = self._ends(tenant, list(names))
        rated = {tenants.local(job): each for job, each in feedback.items()}
        jobs = [_job(name, ended[name], rated.get(name), deaths.get(name)) for name in names]
        shown = [tenants.local(user) for user in users]
        raw = [msgspec.Raw(turn) for turn in turns]
        return Story(tenants.local(conversation_id), shown, raw, jobs, handover, whole)

    def find(self, tenant: str, wanted: str) -> Sequence[FoundConversation]:
        """Try the id as each of the three."""
        inside = tenants.scope(tenant, wanted)
        with queue_errors():
            own = [FoundConversation(wanted, "conversation")] if self._has(inside) else []
            by_job = self._of_job(tenant, wanted)
            of_user = cast(
                "list[bytes]",
                self._client.zrevrange(keys.user_conversations(inside), 0, MAX_FOUND - 1),
            )
        jobs = [FoundConversation(by_job, "job")] if by_job else []
        users = [FoundConversation(tenants.local(each.decode()), "user") for each in of_user]
        return [*own, *jobs, *users]

    def _look(
        self, conversation_id: str
    ) -> tuple[list[bytes], list[str], dict[str, Feedback], list[str]]:
        """Return turns, users, feedback by job, and the jobs that run or wait, in order."""
        with self._client.pipeline(transaction=False) as step:
            step.lrange(keys.turns(conversation_id), 0, -1)
            step.zrange(keys.conversation_users(conversation_id), 0, -1)
            step.hgetall(keys.feedback_of(conversation_id))
            step.get(keys.lane(conversation_id))
            step.lrange(keys.lane_waiting(conversation_id), 0, -1)
            turns, users, feedback, holder, parked = step.execute()
        waiting = [each.partition(b"\n")[0] for each in parked]
        running = [holder, *waiting] if holder else waiting
        given = {job.decode(): _feedback.decode(each) for job, each in feedback.items()}
        return turns, [each.decode() for each in users], given, [job.decode() for job in running]

    def _ends(self, tenant: str, names: Sequence[str]) -> Mapping[str, _Ended]:
        """Return what is stored of jobs; those of Celery clients have ids outside of the tenant."""
        with self._client.pipeline(transaction=False) as step:
            for name in names:
                inside = tenants.scope(tenant, name)
                for job_id in (inside, name):
                    step.get(keys.result(job_id))
                    step.ttl(keys.result(job_id))
                step.hget(keys.job(inside), "state")
            found = step.execute()
        rows = (found[start : start + 5] for start in range(0, len(found), 5))
        return {name: _ended(tenant, name, row) for name, row in zip(names, rows, strict=True)}

    def _deaths(
        self, conversation_id: str, tenant: str, names: Sequence[str]
    ) -> tuple[dict[str, Death], bool]:
        """Return the deaths of a conversation's jobs, and whether all were looked through."""
        known = {tenants.scope(tenant, name): name for name in names}
        known |= {wire.tone_task_id(inside): name for inside, name in list(known.items())}
        letters = cast("list[bytes]", self._client.lrange(keys.DEAD_LETTERS, 0, MAX_LETTERS))
        deaths: dict[str, Death] = {}
        for letter in _read_letters(letters[:MAX_LETTERS]):
            name = known.get(letter.id or "") or self._name_in(letter, conversation_id)
            if name:
                deaths.setdefault(name, Death(letter.queue, letter.reason, letter.at))
        return deaths, len(letters) <= MAX_LETTERS

    def _name_in(self, letter: DeadLetter, conversation_id: str) -> str | None:
        """Return the job of a letter whose message can be read, if it is of a conversation."""
        try:
            job = wire.read_chat_job(letter.raw, self._clock.now())
        except MalformedMessage:
            return None
        return tenants.local(job.id) if job.conversation_id == conversation_id else None

    def _has(self, inside: str) -> bool:
        kept = (keys.turns, keys.handover, keys.feedback_of, keys.gaps_of, keys.lane)
        return bool(self._client.exists(*(key(inside) for key in kept)))

    def _of_job(self, tenant: str, wanted: str) -> str | None:
        """Return the conversation of a job or a handover, if it is the tenant's."""
        inside = tenants.scope(tenant, wanted)
        with self._client.pipeline(transaction=False) as step:
            step.hget(keys.job(inside), "conversation")
            step.hget(keys.job(wanted), "conversation")
            step.get(keys.handover_conversation(inside))
            step.get(keys.result(inside))
            step.get(keys.result(wanted))
            *conversations, own, other = step.execute()
        ids = [each.decode() for each in conversations if each]
        named = [tenants.local(each) for each in ids if tenants.tenant_of(each) == tenant]
        if named:
            return named[0]
        record = _of_tenant(tenant, own, wanted=inside) or _of_tenant(tenant, other, wanted=wanted)
        return _conversation(record)


def _ended(tenant: str, name: str, row: Sequence[bytes | int | None]) -> _Ended:
    own, own_ttl, other, other_ttl, state = row
    for stored, ttl, job_id in (
        (own, own_ttl, tenants.scope(tenant, name)),
        (other, other_ttl, name),
    ):
        if record := _of_tenant(tenant, cast("bytes | None", stored), wanted=job_id):
            return _Ended(record, cast("int", ttl), None)
    return _Ended(None, 0, cast("bytes | None", state))


def _of_tenant(tenant: str, stored: bytes | None, *, wanted: str) -> results.JobRecord | None:
    """Read a stored result, if there is one and it is the tenant's."""
    if stored is None:
        return None
    try:
        record = results.read_celery_result(stored)
    except ValueError:  # nothing that Parley wrote
        return None
    owner = record.tenant or tenants.tenant_of(wanted)
    return record if owner == tenant else None


def _conversation(record: results.JobRecord | None) -> str | None:
    if record is None or record.state != "done" or record.body is None:
        return None
    try:
        return msgspec.json.decode(record.body, type=_Reply).conversation_id
    except ValueError:  # a tone's result
        return None


def _job(name: str, ended: _Ended, feedback: Feedback | None, death: Death | None) -> StoryJob:
    record = ended.record
    if record is None or record.body is None:
        state = (ended.state or b"").decode(errors="replace")
        known = cast("StoryState", state) if state in _STATES else "forgotten"
        shown: StoryState = "failed" if death and not state else known
        return StoryJob(name, shown, feedback=feedback, dead_letter=death)
    left = max(0, ended.seconds_left)
    if record.state == "done":
        return StoryJob(name, "done", msgspec.Raw(record.body), None, left, feedback, death)
    return StoryJob(name, record.state, None, _error(record.body), left, feedback, death)


def _error(body: bytes) -> str:
    try:
        return results.failure_detail(body)
    except (ValueError, TypeError, LookupError):  # a result that Celery itself wrote
        return "No more is known about it."


def _read_letters(records: Sequence[bytes]) -> Iterator[DeadLetter]:
    for record in records:
        try:
            yield _letter.decode(record)
        except ValueError:
            continue
