"""Conversations by what was said in them: the adapter, and the fake that unit tests use."""

import pytest
import redis

from gateway.queue.histories import MAX_ALIKE, Histories, RedisHistories
from shared import keys
from tests.fakes.gateway import FakeHistories


@pytest.fixture(params=["redis", "fake"])
def histories(request: pytest.FixtureRequest, redis_client: "redis.Redis") -> Histories:
    return FakeHistories() if request.param == "fake" else RedisHistories(redis_client, 60)


def test_each_conversation_is_handed_out_once_the_latest_first(histories: Histories) -> None:
    histories.put("alike", "one")
    histories.put("alike", "zwei/2")
    histories.put("other", "three")

    assert [histories.take("alike") for _ in range(3)] == ["zwei/2", "one", None]
    assert histories.take("unheard-of") is None


def test_what_is_kept_is_bounded(redis_client: "redis.Redis") -> None:
    histories = RedisHistories(redis_client, 60)
    for number in range(MAX_ALIKE + 5):
        histories.put("alike", f"{number}")

    assert redis_client.llen(keys.history("alike")) == MAX_ALIKE
    assert 0 < redis_client.ttl(keys.history("alike")) <= 60
    assert histories.take("alike") == f"{MAX_ALIKE + 4}"
