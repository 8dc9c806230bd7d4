"""Partitions: which one an id names, what their tags are, and which words of a command get them."""

from collections import Counter
from collections.abc import Iterable

import pytest
import redis
from redis.crc import key_slot

from gateway.caller import Caller
from gateway.partitioned.placement import PartitionedIds
from shared.partition_client import PrefixingPacker
from shared.partition_names import STOCK_PREFIX, BareKey
from shared.partitions import connect_partitions, index_of, partition_tags
from shared.queue_lists import QueueLists


class WordPacker:
    """Pack a command into a list of its words."""

    def pack(self, *parts: object) -> list[object]:
        return list(parts)


def packed(*parts: object) -> list[object]:
    words: Iterable[object] = PrefixingPacker("{p07}", WordPacker()).pack(*parts)
    return list(words)


@pytest.mark.parametrize("count", [1, 3, 16, 64])
def test_partitions_are_spread_evenly_over_the_slots(count: int) -> None:
    slots = [key_slot(tag.encode()) for tag in partition_tags(count)]
    assert [slot * count // 16_384 for slot in slots] == list(range(count))


def test_the_tags_of_sixteen_partitions_never_change() -> None:
    assert partition_tags(16)[:4] == ["{p00ab}", "{p01aa}", "{p02}", "{p03bb}"]


def test_ids_are_spread_evenly_and_an_id_stays_where_it_is() -> None:
    counts = Counter(index_of(f"conversation-{number}", 16) for number in range(16_000))
    assert len(counts) == 16
    assert all(800 < count < 1_200 for count in counts.values())
    assert index_of("acme\x1fgrüße", 16) == 14


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("GET", "a"), ["GET", "{p07}a"]),
        (("get", b"a"), ["get", b"{p07}a"]),
        (("MGET", "a", "b"), ["MGET", "{p07}a", "{p07}b"]),
        (("LREM", "a", 1, "b"), ["LREM", "{p07}a", 1, "b"]),
        (("LMOVE", "a", "b", "LEFT", "RIGHT"), ["LMOVE", "{p07}a", "{p07}b", "LEFT", "RIGHT"]),
        (("EVALSHA", "f", 2, "a", "", "x"), ["EVALSHA", "f", 2, "{p07}a", "{p07}", "x"]),
        (("EVALSHA", "f", 0, "x"), ["EVALSHA", "f", 0, "x"]),
        (("SUBSCRIBE", "a"), ["SUBSCRIBE", "a"]),
        (("CLIENT SETINFO", "LIB-NAME", "x"), ["CLIENT SETINFO", "LIB-NAME", "x"]),
        (("LLEN", BareKey("inference")), ["LLEN", "inference"]),
    ],
)
def test_keys_get_the_prefix_and_nothing_else(
    command: tuple[object, ...], expected: list[object]
) -> None:
    assert packed(*command) == expected


def test_a_command_whose_keys_are_not_known_is_refused() -> None:
    with pytest.raises(redis.DataError, match="SINTERCARD is not offered in a partition"):
        packed("SINTERCARD", 2, "a", "b")


def test_celery_clients_messages_are_looked_for_in_their_partition_alone() -> None:
    partitions = connect_partitions("redis://127.0.0.1:1/0", 2)
    lists = QueueLists("-", "shop.")
    own = partitions.lists_of(partitions.clients[0], lists)
    stock = partitions.lists_of(partitions.stock, lists)
    assert own.of("inference") == ["inference"]
    assert stock.of("inference")[:2] == ["inference", "shop.inference"]
    assert isinstance(stock.of("inference")[-1], BareKey)
    assert not any(isinstance(name, BareKey) for name in stock.of("sentiment"))
    assert partitions.prefixes[-1] == STOCK_PREFIX


def test_a_server_that_runs_alone_has_its_keys_as_they_are() -> None:
    partitions = connect_partitions("redis://127.0.0.1:1/0")
    assert partitions.is_one
    assert type(partitions.home) is redis.Redis
    assert partitions.of("anything") is partitions.stock
    assert partitions.lists_of(partitions.home, QueueLists()) == QueueLists()


def test_a_jobs_id_names_its_conversations_partition() -> None:
    partitions = connect_partitions("redis://127.0.0.1:1/0", 8)
    placement, caller = PartitionedIds(partitions, 60), Caller("acme")
    for number in range(20):
        place = placement.place(caller, f"c{number}", None)
        assert place.conversation_id == f"acme\x1fc{number}"
        assert place.job_id.startswith("acme\x1f")
        assert partitions.index_of(place.job_id) == partitions.index_of(place.conversation_id)
    fresh = placement.place(caller, None, None)
    assert fresh.job_id == fresh.conversation_id
