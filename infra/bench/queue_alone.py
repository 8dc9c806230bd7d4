"""The queue alone: how many messages a second go from enqueue to complete with no HTTP, no model.

Three processes: Redis with its append-only file, one that publishes as a gateway does, and one
that drains as an inference worker does, its engine and its answers left out.
"""

from pathlib import Path

import msgspec

from infra.bench.children import child
from infra.bench.figures import Batches, Figures
from infra.bench.hosting import standing
from infra.bench.observe import observe
from infra.bench.systems import free_ports
from infra.stack.embedded_redis import server_command
from infra.stack.logs import LogFolder
from infra.stack.part import Part
from infra.stack.probes import RedisProbe
from shared import keys

_ENDS = "infra.bench.baselines.queue_ends"
_START_SECONDS = 30.0


class Drained(msgspec.Struct, frozen=True):
    """What the draining end did in its window."""

    messages: int
    batches: int
    seconds: float


def run_queue_alone(seconds: float, folder: Path) -> Figures:
    """Drain what is published meanwhile, for so many seconds."""
    (port,) = free_ports(1)
    redis_folder = folder / "redis"
    redis_folder.mkdir(parents=True)
    url = f"redis://127.0.0.1:{port}/0"
    redis = Part("redis", server_command(port, redis_folder), RedisProbe(url))
    bound, log = _START_SECONDS + 3 * seconds, folder / "ends.log"
    with (
        standing([redis], LogFolder(folder / "log")) as (_, watch),
        child(_ENDS, ("publish", url, str(seconds)), bound, log) as publisher,
        child(_ENDS, ("drain", url, str(seconds)), bound, log) as drain,
    ):
        publisher.hear()
        pids = {"redis": watch.pids["redis"], "publisher": publisher.pid, "drain": drain.pid}
        drain.hear()
        before = observe(pids, url, None)
        drained = msgspec.json.decode(drain.hear(), type=Drained)
        after = observe(pids, url, None)
    cpu = {
        name: (spent - before.cpu_seconds[name]) * 1e3 / drained.messages
        for name, spent in after.cpu_seconds.items()
    }
    return Figures(
        system="queue",
        users=1,
        offered_per_second=None,
        seconds=drained.seconds,
        answered=drained.messages,
        errors=0,
        messages_per_second=drained.messages / drained.seconds,
        latency=None,
        cpu_ms=cpu,
        rss_mb={name: used / 1e6 for name, used in after.rss_bytes.items()},
        batches={keys.INFERENCE: Batches(mean_batch=drained.messages / drained.batches)},
    )
