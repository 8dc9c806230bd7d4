"""The gateway's ports to the queue, and their adapters to one partition of Redis."""

from collections.abc import Callable
from dataclasses import dataclass

import redis

from gateway.health import Health, RedisHealth
from gateway.queue.admission_gate import Admission, AdmissionGate
from gateway.queue.conversations import Conversations, RedisConversations
from gateway.queue.erasure import RedisErasure
from gateway.queue.feedback import FeedbackBox, RedisFeedbackBox
from gateway.queue.gaps import Gaps, RedisGaps
from gateway.queue.handovers import Handovers, RedisHandovers
from gateway.queue.histories import Histories, RedisHistories
from gateway.queue.job_canceller import JobCanceller, RedisJobCanceller
from gateway.queue.job_follower import JobFollower, RedisJobFollower
from gateway.queue.job_store import JobLookup, RedisJobStore
from gateway.queue.placement import NewIds, Placement
from gateway.queue.publisher import EnqueueLimits, Publisher, RedisPublisher
from gateway.queue.rate_limiter import Charge, RateLimiter, RedisRateLimiter
from gateway.queue.ratings import Ratings, RedisRatings
from gateway.queue.stories import RedisStories, Stories
from gateway.queue.traffic import RedisTraffic, Traffic
from gateway.queue.users import Users
from gateway.webhook.outbox import Outbox, RedisOutbox
from shared.clock import Clock
from shared.queue_lists import QueueLists
from shared.replica_acks import NO_ACKS, ReplicaAcks


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePorts:
    """All that the gateway asks of Redis on behalf of requests, whatever is behind it."""

    placement: Placement
    publisher: Publisher
    admission: Admission
    jobs: JobLookup
    canceller: JobCanceller
    follower: JobFollower
    conversations: Conversations
    users: Users
    handovers: Handovers
    feedback: FeedbackBox
    ratings: Ratings
    stories: Stories
    gaps: Gaps
    traffic: Traffic
    histories: Histories
    health: Health
    rate_limiter: RateLimiter
    outbox: Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """What the adapters to all partitions are given."""

    gateway_id: str
    clock: Clock
    limits: EnqueueLimits
    conversation_ttl_seconds: int
    on_enqueue: Callable[[int], None] = lambda _jobs: None
    take_charge: Callable[[], Charge | None] = lambda: None
    acks: ReplicaAcks = NO_ACKS


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionPorts:
    """The adapters to one partition."""

    publisher: RedisPublisher
    admission: AdmissionGate
    jobs: RedisJobStore
    canceller: RedisJobCanceller
    follower: RedisJobFollower
    conversations: RedisConversations
    erasure: RedisErasure
    handovers: RedisHandovers
    feedback: RedisFeedbackBox
    ratings: RedisRatings
    stories: RedisStories
    gaps: RedisGaps
    traffic: RedisTraffic
    histories: RedisHistories
    health: RedisHealth
    rate_limiter: RedisRateLimiter
    outbox: RedisOutbox


def connect_partition(
    client: "redis.Redis", lists: QueueLists, options: QueueOptions
) -> PartitionPorts:
    """Return the adapters to one partition, or to a Redis that has only one."""
    clock, limits = options.clock, options.limits
    canceller, gate = RedisJobCanceller(client, clock, limits), AdmissionGate(clock)
    handovers = RedisHandovers(client, clock, options.conversation_ttl_seconds)
    return PartitionPorts(
        publisher=RedisPublisher(
            client,
            limits,
            options.on_enqueue,
            take_charge=options.take_charge,
            acks=options.acks,
            hear=gate.hear,
        ),
        admission=gate,
        jobs=RedisJobStore(client, canceller.expire_overdue, clock),
        canceller=canceller,
        follower=RedisJobFollower(
            client, options.gateway_id, limits.job_ttl_seconds, canceller.expire_overdue, clock
        ),
        conversations=RedisConversations(client, clock, limits),
        erasure=RedisErasure(client, clock, limits),
        handovers=handovers,
        feedback=RedisFeedbackBox(client, clock),
        ratings=RedisRatings(client),
        stories=RedisStories(client, handovers, clock),
        gaps=RedisGaps(client),
        traffic=RedisTraffic(client, clock),
        histories=RedisHistories(client, options.conversation_ttl_seconds),
        health=RedisHealth(client, lists),
        rate_limiter=RedisRateLimiter(client),
        outbox=RedisOutbox(client),
    )


def ports_of(part: PartitionPorts) -> QueuePorts:
    """Return the ports where all is in one partition."""
    return QueuePorts(
        placement=NewIds(),
        publisher=part.publisher,
        admission=part.admission,
        jobs=part.jobs,
        canceller=part.canceller,
        follower=part.follower,
        conversations=part.conversations,
        users=part.erasure,
        handovers=part.handovers,
        feedback=part.feedback,
        ratings=part.ratings,
        stories=part.stories,
        gaps=part.gaps,
        traffic=part.traffic,
        histories=part.histories,
        health=part.health,
        rate_limiter=part.rate_limiter,
        outbox=part.outbox,
    )
