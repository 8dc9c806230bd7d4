"""The queue alone: how many messages a second go from enqueue to complete with no HTTP, no model.

Three processes: Redis with its append-only file, one that publishes as a gateway does, and one
that consumes as an inference worker does, its engine and its answers left out.
"""

from pathlib import Path

import msgspec

from infra.bench.figures import Batches, Figures
from infra.bench.observe import Observation, observe
from infra.harness.children import running_child
from infra.harness.scratch_redis import ScratchRedis
from shared import keys

_ENDS = "infra.bench.queue_ends"
_START_SECONDS = 30.0


class ConsumedTotals(msgspec.Struct, frozen=True):
    """What the consuming end did in its window."""

    messages: int
    batches: int
    seconds: float


def run_queue_alone(seconds: float, folder: Path) -> Figures:
    """Consume for this time what is published at the same time."""
    folder.mkdir(parents=True)
    limit, log = _START_SECONDS + 3 * seconds, folder / "ends.log"
    with (
        ScratchRedis(folder, append_only=True) as redis,
        running_child(_ENDS, ("publish", redis.url, str(seconds)), limit, log) as publisher,
        running_child(_ENDS, ("consume", redis.url, str(seconds)), limit, log) as consumer,
    ):
        publisher.read_line()
        pids = {"redis": redis.pid, "publisher": publisher.pid, "consumer": consumer.pid}
        consumer.read_line()
        before = observe(pids)
        consumed = msgspec.json.decode(consumer.read_line(), type=ConsumedTotals)
        after = observe(pids)
    return _figures(consumed, before, after)


def _figures(consumed: ConsumedTotals, before: Observation, after: Observation) -> Figures:
    cpu = {
        name: (spent - before.cpu_seconds[name]) * 1e3 / consumed.messages
        for name, spent in after.cpu_seconds.items()
    }
    return Figures(
        system="queue",
        users=1,
        offered_per_second=None,
        seconds=consumed.seconds,
        answered=consumed.messages,
        errors=0,
        messages_per_second=consumed.messages / consumed.seconds,
        latency=None,
        cpu_ms=cpu,
        rss_mb={name: used / 1e6 for name, used in after.rss_bytes.items()},
        batches={keys.INFERENCE: Batches(mean_batch=consumed.messages / consumed.batches)},
    )
