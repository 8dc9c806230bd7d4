"""Gateway and workers over one Redis, driven step by step, and what must hold after each step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NoReturn

import msgspec
import redis

from gateway.queue.conversations import RedisConversations
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.publisher import EnqueueLimits, RedisPublisher
from shared import keys, tenants
from shared.connection import connect
from shared.jobs import ChatJob, JobState, Reply
from shared.results import read_celery_result
from shared.scripts import Script
from shared.wire import encode_infer, read_chat_job, read_second_look, tone_task_id
from shared.worker_status import WorkerStatus
from tests.contract.broker import done
from tests.contract.protocol_snapshot import CONVERSATIONS, TENANT, WAKE, Snapshot, look, name_of
from tests.fakes.clock import ManualClock
from workers.consumer.chat_result import ChatResult
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, Completion, DueTone, Lease, QueuePolicy
from workers.consumer.prepare import Preparer
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.role import Role
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.voiced_job import VoicedJob, read_voiced_job
from workers.voice.brief import Brief, Source

GATEWAY_LIMITS = EnqueueLimits(
    messages=12, job_ttl_seconds=600, lane_ttl_seconds=600, messages_per_conversation=4
)
BRIEF = Brief("answer", "Hello", (Source("entry", "Question?", "r"),), "r")
POLICY = QueuePolicy(deliveries=3, heartbeat_ttl_seconds=600, ahead_of_tones=1)


def prepare_whole(claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
    """Prepare each text as one token."""
    return [(Prepared(each.job.message, (1,), False),) for each in claimed]


Kind = Literal["small", "large", "generation"]
_QUEUES = {
    "small": keys.INFERENCE,
    "large": keys.INFERENCE_LARGE,
    "generation": keys.GENERATION,
}
_DECODERS: Mapping[Kind, Callable[[bytes, float], ChatJob]] = {
    "small": read_chat_job,
    "large": read_second_look,
    "generation": read_voiced_job,
}


@dataclass
class Known:
    """What the model knows of a job; `place` is its place in the order of acceptance."""

    job: ChatJob
    external: bool
    place: int | None
    unwanted: bool = False
    result: bytes | None = None


@dataclass
class Replies:
    """What becomes of the next reply to a lease: if it is lost, `meanwhile` comes to pass."""

    meanwhile: Callable[[], object] | None = None

    def losing(self, call: Script) -> Script:
        """Return a script whose call is made again after each reply that is lost."""

        def lossy(keys: Sequence[str] = (), args: Sequence[Any] = (), client: Any = None) -> Any:
            reply = call(keys=keys, args=args)
            if self.meanwhile is None:
                return reply
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
            return call(keys=keys, args=args)

        return lossy


@dataclass
class Worker:
    """A worker's adapter and what the process has in its memory."""

    name: str
    queue: RedisInferenceQueue
    preparer: Preparer[ChatJob, ChatResult]
    leases: list[Lease] = field(default_factory=list)
    jobs: list[PreparedJob[ChatJob]] = field(default_factory=list)
    kind: Kind = "small"
    replies: "Replies" = field(default_factory=lambda: Replies())
    gives_early: bool = True


class ProtocolStand:
    """All parts, the model, and the checks."""

    def __init__(self, url: str, client: "redis.Redis") -> None:
        self._url = url
        self.client = client
        self.clock = ManualClock()
        self.publisher = RedisPublisher(client, GATEWAY_LIMITS)
        self.canceller = RedisJobCanceller(client, self.clock, GATEWAY_LIMITS)
        self.conversations = RedisConversations(client, self.clock, GATEWAY_LIMITS)
        self.reset()

    def reset(self) -> None:
        """Forget all, in Redis and in the model."""
        self.client.flushdb()
        self.jobs: dict[str, Known] = {}
        self.answered: dict[str, list[str]] = {}
        self.revoked: set[str] = set()
        self._accepted = self._hired = 0
        self.shown: dict[str, str] = {}
        self.workers = [self.hire(), self.hire(), self.hire("large"), self.hire("generation")]

    def hire(self, kind: Kind = "small") -> Worker:
        """Start a worker under a new name; large and generation ones take what is handed over."""
        self._hired += 1
        name = f"w{self._hired}"
        context = WorkerContext(name, clock=self.clock, is_revoked=self.revoked.__contains__)
        client, name_of_queue = connect(self._url), _QUEUES[kind]
        queue = (
            RedisGenerationQueue(client, context, POLICY)
            if kind == "generation"
            else RedisInferenceQueue(client, context, POLICY, name_of_queue)
        )
        decode = _DECODERS[kind]
        role: Role[ChatJob, ChatResult] = Role(
            name_of_queue, keys.INFER_TASK, decode, prepare_whole, draft=_never, tones=queue
        )
        committer = Committer(context, queue, role.task)
        worker = Worker(name, queue, Preparer(context, role, queue, committer), kind=kind)
        queue._lease = worker.replies.losing(queue._lease)
        self.heartbeat(worker)
        return worker

    def heartbeat(self, worker: Worker, *, paused: bool = False) -> None:
        """Let a worker tell that it lives, and whether it takes messages."""
        now, queue = self.clock.now(), _QUEUES[worker.kind]
        pace = {} if worker.kind == "small" else {"pace_seconds": 0.1}
        worker.queue.heartbeat(
            WorkerStatus(
                *(worker.name, queue, "test", 1, "host", now, pace),
                paused=paused,
                gives_early=worker.kind == "small" and worker.gives_early,
            )
        )

    def new_job(self, conversation: str, seconds: float | None) -> ChatJob:
        """Return a job of its own name."""
        now, tenant = self.clock.now(), tenants.tenant_of(conversation)
        return ChatJob(
            tenants.scope(tenant, f"j{len(self.jobs)}"),
            "Hello",
            conversation,
            now,
            expires_at=None if seconds is None else now + seconds,
        )

    def accept(self, job: ChatJob, *, external: bool) -> None:
        """Take a job into the model; a foreign one gets its place when a worker first sees it."""
        self.jobs[job.id] = Known(job, external, None if external else self._next_place())

    def _next_place(self) -> int:
        self._accepted += 1
        return self._accepted

    def waiting(self, queue: str = keys.INFERENCE) -> list[str]:
        """Return the jobs on a queue, the head of each flow first."""
        flows = [self._list(key) for key in (queue, keys.flow(queue, TENANT))]
        return [name_of(raw) for flow in flows for raw in reversed(flow) if raw != WAKE]

    def has_share_left(self, tenant: str) -> bool:
        """Tell whether a tenant may queue a job though the queue is full: it has under a half."""
        other = TENANT if tenant == tenants.DEFAULT_TENANT else tenants.DEFAULT_TENANT
        own, rivals = (
            sum(raw != WAKE for raw in self._list(keys.flow(keys.INFERENCE, each)))
            for each in (tenant, other)
        )
        listed: list[bytes] = self.client.zrange(keys.PARKED, 0, -1)  # type: ignore[assignment]
        own += sum(tenants.tenant_of(member.decode()) == tenant for member in listed)
        return rivals > 0 and (own == 0 or own < GATEWAY_LIMITS.messages / 2)

    def holder(self, conversation: str) -> str | None:
        """Return the job that holds a lane."""
        found = self.client.get(keys.lane(conversation))
        return found.decode() if isinstance(found, bytes) else None

    def holds(self, worker: Worker, token: bytes) -> bool:
        """Tell whether a lease is still this worker's."""
        return bool(self.client.hexists(keys.lease(worker.name), token.decode()))

    def queue_tones(self, worker: Worker, jobs: Iterable[PreparedJob[ChatJob]]) -> None:
        """Let a worker queue the tone tasks of jobs that it claimed with theirs due."""
        due = [DueTone(each.job, None) for each in jobs if each.claim.tone_due]
        worker.queue.queue_tones(due)

    def has_one_tone_task(self, job_id: str) -> bool:
        """Tell whether a job's tone task was queued, and once."""
        return self._look().tone_tasks.count(tone_task_id(job_id)) == 1

    def completion(
        self, prepared: PreparedJob[ChatJob], state: JobState
    ) -> Completion[ChatJob, ChatResult]:
        """Return the end of a prepared job, as done or failed: it begins with what was shown."""
        end = replace(done(prepared.lease, prepared.job, state), done_at=self.clock.now())
        if end.result is None:
            return end
        speaks = isinstance(prepared.job, VoicedJob)  # it knows itself what it has shown
        shown = self.shown.get(prepared.job.id, "") if speaks else prepared.claim.shown
        reply = replace(end.result.reply, response=f"{shown}r")
        return replace(end, result=replace(end.result, reply=reply, brief=BRIEF))

    def check(self, ended: Iterable[str] = ()) -> None:
        """Check all that must always hold; `ended` names the jobs that this step ended."""
        seen = self._look()
        self._check_results(seen, set(ended))
        self._give_places(seen)
        self._check_places(seen)
        self._check_flows(seen)
        self._check_lanes(seen)
        self._check_turns(seen)
        self._check_tone_tasks(seen)

    def _look(self) -> Snapshot:
        return look(self.client, self.jobs, [f"w{n}" for n in range(1, self._hired + 1)])

    def _check_results(self, seen: Snapshot, ended: set[str]) -> None:
        for name, known in self.jobs.items():
            stored = seen.results[name]
            if known.result is not None:
                assert stored == known.result, f"the end of {name} was changed"
            elif stored is not None:
                known.result = stored
                self._check_text(name, stored)
                self._check_reason(known, stored, name in ended)

    def _check_text(self, name: str, stored: bytes) -> None:
        record = read_celery_result(stored)
        if record.state == "done":
            reply = msgspec.json.decode(record.body or b"", type=Reply)
            assert reply.response.startswith(self.shown.get(name, "")), f"{name} was torn"

    def _check_reason(self, known: Known, stored: bytes, ended: bool) -> None:
        state, over_at = read_celery_result(stored).state, known.job.expires_at
        reasons = {
            "done": ended,
            "failed": ended or self.client.exists(keys.redelivered(known.job.id)),
            "expired": over_at is not None and over_at <= self.clock.now(),
            "cancelled": known.unwanted,
        }
        assert reasons[state], f"{known.job.id} is {state} without a reason"

    def _give_places(self, seen: Snapshot) -> None:
        for conversation in CONVERSATIONS:
            for name in (seen.lanes[conversation], *seen.parked[conversation]):
                if name and self.jobs[name].place is None:
                    self.jobs[name].place = self._next_place()

    def _check_places(self, seen: Snapshot) -> None:
        parked = [f"{talk}\n{name}" for talk, names in seen.parked.items() for name in names]
        assert sorted(parked) == sorted(seen.listed), "what is parked and what is listed differ"
        somewhere = {*seen.queue, *seen.leases.values()}.union(*seen.parked.values())
        lost = {name for name, known in self.jobs.items() if known.result is None} - somewhere
        assert not lost, f"{lost} are nowhere"

    def _check_flows(self, seen: Snapshot) -> None:
        assert seen.own_flow or seen.handoffs or not seen.other_flow, (
            "no waiting worker would notice"
        )
        parked = len(seen.parked[CONVERSATIONS[1]])
        assert seen.parked_counts == ({TENANT.encode(): b"%d" % parked} if parked else {})

    def _check_lanes(self, seen: Snapshot) -> None:
        for holder in seen.lanes.values():
            assert not holder or self.jobs[holder].result is None, f"{holder} ended and holds"
        running = [
            prepared.job.conversation_id
            for worker in self.workers
            for prepared in worker.jobs
            if self.jobs[prepared.job.id].result is None and prepared.lease.token in seen.leases
        ]
        assert len(running) == len(set(running)), "two jobs of a conversation are in flight"

    def _check_turns(self, seen: Snapshot) -> None:
        for conversation, turns in seen.turns.items():
            answered = self.answered.get(conversation, [])
            told = [(turn.job_id, turn.role) for turn in turns]
            names = [tenants.local(name) for name in answered]
            assert told == [(name, role) for name in names for role in ("user", "assistant")]
            places = [self.jobs[name].place or 0 for name in answered]
            assert places == sorted(places), f"{answered} is not the order of acceptance"

    def _check_tone_tasks(self, seen: Snapshot) -> None:
        for name, known in self.jobs.items():
            due, noted = seen.notes[name]
            queued = seen.tone_tasks.count(tone_task_id(name))
            assert queued <= 1, f"the tone of {name} is made twice"
            if known.result is None and not known.external:
                is_due = due is not None and noted is None
                assert queued + is_due == 1, f"the tone task of {name} is nowhere"

    def _list(self, key: str) -> list[bytes]:
        found: list[bytes] = self.client.lrange(key, 0, -1)  # type: ignore[assignment]
        return found


def foreign_message(job: ChatJob) -> bytes:
    """Return a job's message as a Celery client would have put it on the queue."""
    envelope = msgspec.json.decode(encode_infer(job))
    del envelope["headers"]["parley_accepted_at"], envelope["headers"]["parley_gateway"]
    return msgspec.json.encode(envelope)


def _never(batch: BatchResult[ChatJob]) -> NoReturn:
    raise AssertionError("the engine never runs here")
