"""A view of Redis in which every key has the prefix of one partition.

The prefix has a hash tag, such as `{p07}`, so that all keys of a partition lie in one slot of a
cluster. The prefix is put before the keys where a command is packed for the connection, so
pipelines, transactions and scripts have it too; what holds no key passes as it is. Channels have no
prefix: the whole cluster hears what is published.

A script also gets the prefix itself, as a key that never exists. While a slot moves from node to
node with its keys going over one by one, such a call is refused (ASK or TRYAGAIN) rather than run
where some of its keys are missing. So a partition pauses while its slot moves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import redis
from redis.commands.core import Script as RedisScript

from shared.partition_names import BareKey

Parts = tuple[Any, ...]


def _none(_parts: Parts) -> Iterable[int]:
    return ()


def _first(_parts: Parts) -> Iterable[int]:
    return (1,)


def _first_two(_parts: Parts) -> Iterable[int]:
    return (1, 2)


def _all(parts: Parts) -> Iterable[int]:
    return range(1, len(parts))


def _counted(parts: Parts) -> Iterable[int]:
    return range(3, 3 + int(parts[2]))


# Which words of a command are keys. A command that is not here is refused: it might be sent to a
# key outside of the partition.
_KEYS: Mapping[str, Callable[[Parts], Iterable[int]]] = {
    **dict.fromkeys(
        (
            *("AUTH", "HELLO", "SELECT", "CLIENT", "PING", "INFO", "ROLE", "TIME", "CONFIG"),
            *("MULTI", "EXEC", "DISCARD", "UNWATCH", "SCRIPT", "WAIT"),
            *("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE"),
            "SCAN",  # PartitionClient.scan writes the pattern
        ),
        _none,
    ),
    **dict.fromkeys(("DEL", "UNLINK", "EXISTS", "MGET", "WATCH"), _all),
    **dict.fromkeys(("LMOVE", "BLMOVE"), _first_two),
    **dict.fromkeys(("EVAL", "EVALSHA"), _counted),
    **dict.fromkeys(
        (
            *("GET", "SET", "GETDEL", "INCR", "EXPIRE", "PEXPIRE", "TTL", "PTTL", "TYPE"),
            *("HDEL", "HEXISTS", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HSET", "HVALS"),
            *(
                "LINDEX",
                "LINSERT",
                "LLEN",
                "LPOP",
                "LPUSH",
                "LRANGE",
                "LREM",
                "LSET",
                "LTRIM",
                "RPOP",
            ),
            *("RPUSH", "SADD", "SCARD", "SMEMBERS", "SPOP", "SREM", "HINCRBY", "ZREMRANGEBYRANK"),
            *("ZADD", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZREM", "ZREMRANGEBYSCORE"),
            *("ZREVRANGE", "ZSCORE"),
        ),
        _first,
    ),
}


class PrefixingPacker:
    """Pack commands as another packer does, with a prefix before each key."""

    def __init__(self, prefix: str, packer: Any) -> None:
        self._prefix = prefix
        self._prefix_bytes = prefix.encode()
        self._packer = packer

    def pack(self, *parts: Any) -> Any:
        """Return the packed command; raise DataError for one whose keys are not known."""
        return self._packer.pack(*self.with_prefix(parts))

    def with_prefix(self, parts: Parts) -> Parts:
        """Return a command with its keys in the partition."""
        words = str(parts[0]).upper().split(" ", 1)  # redis-py writes CLIENT SETINFO in one part
        find = _KEYS.get(words[0])
        if find is None:
            raise redis.DataError(f"{words[0]} is not offered in a partition")
        places = find(parts)
        if not places:
            return parts
        changed = list(parts)
        for place in places:
            changed[place] = self._keyed(changed[place])
        return tuple(changed)

    def _keyed(self, key: Any) -> Any:
        if isinstance(key, BareKey):
            return str(key)
        return self._prefix_bytes + key if isinstance(key, bytes) else f"{self._prefix}{key}"


class PartitionScript:
    """A script of the protocol whose keys are in one partition; see `shared/scripts.py`."""

    def __init__(self, client: "redis.Redis", text: str) -> None:
        self._script = RedisScript(client, text)

    def __call__(
        self,
        keys: Sequence[str] = (),
        args: Sequence[Any] = (),
        client: "redis.Redis | None" = None,
    ) -> Any:
        """Run it, with the partition's prefix as one key more."""
        return self._script(keys=(*keys, ""), args=args, client=client)


class PartitionClient(redis.Redis):
    """A client of one partition; its pool's connections have a PrefixingPacker."""

    prefix = ""
    in_cluster = False

    def register_script(self, script: Any) -> Any:
        """Return a script that is called with keys of the partition."""
        return PartitionScript(self, script)

    def scan(
        self,
        cursor: int = 0,
        match: Any = None,
        count: int | None = None,
        _type: str | None = None,
        **options: Any,
    ) -> Any:
        """Go through the keys of the partition; names come without the prefix."""
        pattern = match.decode() if isinstance(match, bytes) else match or "*"
        found = super().scan(cursor, f"{self.prefix}{pattern}", count, _type, **options)
        following, names = cast("tuple[int, list[bytes]]", found)
        return following, [name[len(self.prefix) :] for name in names]
