"""Which partition a lease is of, and calls that go to several.

The token of a lease over partitions is `<partition>/<token in Redis>/<serial number>`: after a
fail-over Redis may give a token once more, for another message.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from workers.consumer.lease_queue import Lease

Item = TypeVar("Item")
Result = TypeVar("Result")


def mark(lease: Lease, partition: int, serial: int) -> Lease:
    """Return a lease of a partition with the token that it has over all of them."""
    return replace(lease, token=b"%d/%s/%d" % (partition, lease.token, serial))


def partition_of(token: bytes) -> int:
    """Return the partition of a token; also of what `base_of` returns."""
    return int(token.partition(b"/")[0])


def base_of(token: bytes) -> bytes:
    """Return a token without its serial number."""
    return token.rpartition(b"/")[0]


def token_in_redis(base: bytes) -> bytes:
    """Return the token that Redis gave, of what `base_of` returned."""
    return base.partition(b"/")[2]


def unmark(lease: Lease) -> Lease:
    """Return a lease with the token that Redis gave."""
    return replace(lease, token=token_in_redis(base_of(lease.token)))


def group(items: Iterable[Item], index_of_item: Callable[[Item], int]) -> dict[int, list[int]]:
    """Return the places of items by partition."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[index_of_item(item)].append(place)
    return places


def call_grouped(
    items: Sequence[Item],
    index_of_item: Callable[[Item], int],
    call: Callable[[int, Sequence[Item]], Sequence[Result]],
) -> list[Result]:
    """Return a result for each item, in order, from one call a partition."""
    found: dict[int, Result] = {}
    for index, places in group(items, index_of_item).items():
        results = call(index, [items[place] for place in places])
        found |= dict(zip(places, results, strict=True))
    return [found[place] for place in range(len(items))]
