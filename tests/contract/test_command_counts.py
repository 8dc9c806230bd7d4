"""How many commands the scripts run for a plain message, from its acceptance to its end.

Redis is one thread that all share, and nearly all its time is spent in these scripts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, RedisPublisher
from shared import keys
from shared.jobs import ChatJob, EarlyVector, Tone
from shared.wire import read_chat_job, read_tone_job
from tests.contract.broker import NOW, Broker, done, job, status, toned
from tests.contract.conversation_stand import FACTS
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion, DueTone, LeasedJob, QueuePolicy
from workers.memory.memory import MemoryRecord, encode_record

EARLY = EarlyVector("digest", bytes(768))
# What is counted are the commands that the scripts run, and neither their calls nor this count.
NOT_COUNTED = {"evalsha", "script|load", "info", "config|resetstat", "hello", "client|setinfo"}
POLICY = QueuePolicy()


class Journey:
    """A batch of messages, and one step after the other that takes it to its end."""

    def __init__(self, broker: Broker, names: list[str]) -> None:
        self._broker = broker
        self._publisher = RedisPublisher(broker.connect(), EnqueueLimits(10_000, 600, 600))
        self._inference = broker.inference("w", POLICY)
        self._inference.heartbeat(replace(status("w"), gives_early=True))
        self._sentiment = broker.sentiment("s")
        self._sentiment.heartbeat(status("s", keys.SENTIMENT))
        self._jobs = [replace(job(name), gateway="g") for name in names]
        self._leased: list[LeasedJob[ChatJob]] = []

    def travel(self) -> dict[str, float]:
        """Return the commands of each step, for one message."""
        steps: Mapping[str, Callable[[], None]] = {
            "enqueue": self._enqueue,
            "lease": self._lease,
            "claim": self._claim,
            "queue_tones": self._queue_tones,
            "lease_tones": self._lease_tones,
            "complete_tones": self._complete_tones,
            "collect_tones": self._collect_tones,
            "complete": self._complete,
        }
        return {name: self._count(step) / len(self._jobs) for name, step in steps.items()}

    def _count(self, step: Callable[[], None]) -> int:
        client = self._broker.client
        client.config_resetstat()
        step()
        stats: Mapping[str, Mapping[str, int]] = client.info("commandstats")  # type: ignore[assignment]
        names = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
        return sum(calls for name, calls in names.items() if name not in NOT_COUNTED)

    def _enqueue(self) -> None:
        requests = [EnqueueRequest.of(each) for each in self._jobs]
        self._publisher._enqueue(requests)

    def _lease(self) -> None:
        leases = self._inference.lease(len(self._jobs))
        self._leased = [LeasedJob(each, read_chat_job(each.raw, NOW)) for each in leases]
        assert len(self._leased) == len(self._jobs)

    def _claim(self) -> None:
        found = self._inference.claim(self._leased)
        assert {each.verdict for each in found} == {"run"}
        self._due = [
            DueTone(each.job, EARLY)
            for each, claimed in zip(self._leased, found, strict=True)
            if claimed.tone_due
        ]

    def _queue_tones(self) -> None:
        self._inference.queue_tones(self._due)

    def _lease_tones(self) -> None:
        leases = self._sentiment.lease(len(self._jobs) + 1)
        self._tones = [
            toned(each, read_tone_job(each.raw, NOW).job_id, Tone("neutral", 0.8))
            for each in leases
        ]

    def _complete_tones(self) -> None:
        assert len(self._tones) == len(self._jobs)
        assert set(self._sentiment.complete(self._tones)) == {"applied"}

    def _collect_tones(self) -> None:
        assert len(self._inference.tones([each.id for each in self._jobs])) == len(self._jobs)

    def _complete(self) -> None:
        ends = [_end(each) for each in self._leased]
        assert set(self._inference.complete(ends)) == {"applied"}


def _end(leased: LeasedJob[ChatJob]) -> Completion[ChatJob, ChatResult]:
    end, each = done(leased.lease, leased.job), leased.job
    record = MemoryRecord(each.conversation_id, each.id, each.message, NOW, "test", bytes(384))
    assert end.result
    return replace(end, result=replace(end.result, memory=encode_record(record), facts=FACTS))


def commands(broker: Broker, count: int) -> dict[str, float]:
    """Return the commands of each step; the scripts are loaded by a journey before."""
    Journey(broker, ["before"]).travel()
    return Journey(broker, [f"m{number}" for number in range(count)]).travel()


def test_a_message_of_a_full_batch_takes_few_commands(broker: Broker) -> None:
    found = commands(broker, 32)
    most = {
        "enqueue": 4.6,
        "lease": 0.3,
        "claim": 5.1,
        "queue_tones": 0.9,
        "lease_tones": 0.6,
        "complete_tones": 2.1,
        "collect_tones": 0.1,
        "complete": 10.6,
    }
    assert {name: calls for name, calls in found.items() if calls > most[name]} == {}


def test_a_lonely_message_takes_few_commands(broker: Broker) -> None:
    assert sum(commands(broker, 1).values()) <= 74
