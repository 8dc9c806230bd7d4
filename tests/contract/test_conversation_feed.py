"""The conversation feed wakes the streams of conversations that any script has announced."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

from gateway.queue.conversation_feed import RedisConversationFeed
from gateway.queue.conversations import RedisConversations
from gateway.queue.handovers import RedisHandovers
from gateway.queue.publisher import EnqueueLimits
from gateway.queue.watches import StreamPlaces, Watch, Watches
from tests.contract.handover_stand import TTL, HandoverStand
from tests.support.processes import wait_until


@dataclass
class Harness:
    """A feed that listens from the first watch on."""

    client: redis.Redis
    feeds: list[RedisConversationFeed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stand = HandoverStand(self.client)
        self.watches = Watches(StreamPlaces(9), self._listen)

    def _listen(self, watches: Watches) -> None:
        self.feeds.append(RedisConversationFeed(self.client, watches))
        self.feeds[0].start()

    def watch(self, conversation: str) -> Watch:
        """Watch, and take the wake-up that comes with the subscription."""
        watch = self.watches.watch(conversation)
        assert self.feeds[0].wait_until_live(10)
        self.watches.wake_all()
        watch.wait(10)
        return watch


@pytest.fixture
def harness(redis_client: "redis.Redis") -> Iterator[Harness]:
    harness = Harness(redis_client)
    yield harness
    for feed in harness.feeds:
        feed.stop()


def woken(watch: Watch) -> bool:
    """Tell whether a watch has been woken since it last waited."""
    return watch._news.is_set()


def test_each_change_wakes_the_streams_of_its_conversation_alone(harness: Harness) -> None:
    stand = harness.stand
    handovers = RedisHandovers(harness.client, stand.clock, TTL)
    conversations = RedisConversations(harness.client, stand.clock, EnqueueLimits(4, 60, 90))
    stand.open("h-1", "c-1")
    mine, others = harness.watch("c-1"), harness.watch("c-2")

    for change in (
        lambda: stand.open("h-9", "c-1"),
        lambda: handovers.claim("h-1", "anna"),
        lambda: handovers.reply("h-1", "Hello", None),
        lambda: handovers.close("h-1", None),
        lambda: conversations.erase("c-1"),
    ):
        change()
        wait_until(lambda: woken(mine), 10)
        mine.wait(0)
        assert not woken(mine)
    assert not woken(others)


def test_what_was_announced_unheard_is_looked_for(harness: Harness) -> None:
    watch = harness.watches.watch("c-1")

    wait_until(lambda: woken(watch), 10)
    assert len(harness.feeds) == 1
