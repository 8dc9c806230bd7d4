"""A bounded memory: what was used last stays."""

from workers.lru_cache import LruCache


def test_the_value_unused_for_longest_goes() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in ("a", "b", "c")] == [1, None, 3]


def test_each_look_up_counts() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    for key in ("a", "b", "c", "a"):
        cache.get(key)
    assert (cache.stats.hits, cache.stats.misses, cache.stats.entries) == (2, 2, 1)


def test_a_cache_of_no_entries_remembers_nothing() -> None:
    cache: LruCache[str, int] = LruCache(0)
    cache.put("a", 1)
    assert cache.get("a") is None
