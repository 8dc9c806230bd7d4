"""What partitions are called. Imports nothing of Redis: settings are read before gevent patches."""

CLUSTER_PARTITIONS = 16  # that hashes name, unless the settings say otherwise
MAX_PARTITIONS = 256
# Of the partition of Celery clients. Celery's result backend ends a prefix with `_` by itself.
STOCK_PREFIX = "{inference}_"


class BareKey(str):
    """A key that gets no prefix: its own name lies in the partition's slot."""

    __slots__ = ()
