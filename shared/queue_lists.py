"""The lists in Redis in which kombu lays the messages of a queue.

There is one for each priority. Which ones a client uses depends on its transport options: its
`priority_steps` choose among ten, `sep` stands between name and priority, and `global_keyprefix`
before the name.
"""

from dataclasses import dataclass

from shared import keys
from shared.partition_names import STOCK_PREFIX, BareKey

_SEPARATOR = "\x06\x16"  # kombu's own
_PRIORITIES = range(1, 10)  # 0 has no suffix; kombu serves the lowest number first


@dataclass(frozen=True, slots=True)
class QueueLists:
    """Which lists are served: those of kombu's defaults, and of one separator and prefix beside.

    Without `of_clients` only the queue's own: a partition in which no Celery client lays messages.
    With `bare` a list of the queue's bare name too, in the partition of that name.
    """

    separator: str = _SEPARATOR
    prefix: str = ""
    of_clients: bool = True
    bare: bool = False

    def of(self, queue: str) -> list[str]:
        """Return a queue's lists, the most urgent first; the queue's own is among the first."""
        if not self.of_clients:
            return [queue]
        separators = dict.fromkeys((_SEPARATOR, self.separator or _SEPARATOR))
        names = [queue, *(f"{queue}{mark}{level}" for level in _PRIORITIES for mark in separators)]
        prefixes = dict.fromkeys(("", self.prefix))
        served = [prefix + name for name in names for prefix in prefixes]
        is_bare = self.bare and STOCK_PREFIX.startswith(f"{{{queue}}}")
        return [*served, BareKey(queue)] if is_bare else served

    def all(self) -> frozenset[str]:
        """Return the lists of all queues."""
        return frozenset(name for queue in keys.QUEUES for name in self.of(queue))
