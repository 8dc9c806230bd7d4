"""Puts the gateway's ports together, for one partition or for several."""

import math
from dataclasses import replace

from gateway.partitioned.conversations import (
    PartitionedConversations,
    PartitionedErasure,
    PartitionedFeedbackBox,
    PartitionedHistories,
)
from gateway.partitioned.desk import PartitionedGaps, PartitionedRatings, PartitionedStories
from gateway.partitioned.handovers import PartitionedHandovers, PartitionedOutbox
from gateway.partitioned.jobs import (
    PartitionedAdmission,
    PartitionedCanceller,
    PartitionedFollower,
    PartitionedJobStore,
    PartitionedPublisher,
)
from gateway.partitioned.operations import (
    PartitionedHealth,
    PartitionedRateLimiter,
    PartitionedTraffic,
)
from gateway.partitioned.placement import PartitionedIds
from gateway.queue.adapters import (
    PartitionPorts,
    QueueOptions,
    QueuePorts,
    connect_partition,
    ports_of,
)
from gateway.queue.publisher import EnqueueLimits
from shared.partitions import Partitions
from shared.queue_lists import QueueLists


def connect_ports(partitions: Partitions, lists: QueueLists, options: QueueOptions) -> QueuePorts:
    """Return the ports to Redis."""
    if partitions.is_one:
        return ports_of(connect_partition(partitions.home, lists, options))
    own = replace(options, take_charge=lambda: None, limits=_share(options, partitions.hashed))
    parts = [
        connect_partition(client, partitions.lists_of(client, lists), own)
        for client in partitions.clients
    ]
    return _combine(partitions, parts, options)


def _share(options: QueueOptions, partitions: int) -> EnqueueLimits:
    """Return a partition's part of the limits."""
    limits = options.limits
    return replace(limits, messages=math.ceil(limits.messages / partitions))


def _combine(
    partitions: Partitions, parts: list[PartitionPorts], options: QueueOptions
) -> QueuePorts:
    limiter = PartitionedRateLimiter(partitions, [part.rate_limiter for part in parts])
    erasure = PartitionedErasure(partitions, [part.erasure for part in parts])
    publishers = [part.publisher for part in parts]
    return QueuePorts(
        placement=PartitionedIds(partitions, options.limits.job_ttl_seconds),
        publisher=PartitionedPublisher(partitions, publishers, limiter, options.take_charge),
        admission=PartitionedAdmission([part.admission for part in parts[: partitions.hashed]]),
        jobs=PartitionedJobStore(partitions, [part.jobs for part in parts]),
        canceller=PartitionedCanceller(partitions, [part.canceller for part in parts]),
        follower=PartitionedFollower(partitions, [part.follower for part in parts]),
        conversations=PartitionedConversations(
            partitions, [part.conversations for part in parts], erasure
        ),
        users=erasure,
        handovers=PartitionedHandovers(partitions, [part.handovers for part in parts]),
        feedback=PartitionedFeedbackBox(partitions, [part.feedback for part in parts]),
        ratings=PartitionedRatings([part.ratings for part in parts]),
        stories=PartitionedStories(partitions, [part.stories for part in parts]),
        gaps=PartitionedGaps(partitions, parts[0].gaps),
        traffic=PartitionedTraffic([part.traffic for part in parts]),
        histories=PartitionedHistories(partitions, [part.histories for part in parts]),
        health=PartitionedHealth(partitions, [part.health for part in parts]),
        rate_limiter=limiter,
        outbox=PartitionedOutbox([part.outbox for part in parts]),
    )
