"""What people wrote, held for the length of an evaluation in place of Redis."""

from collections.abc import Sequence

from workers.memory.memory import MemoryRecord, read_records


class HeldMemory:
    """Keeps records in this process; a `Memory`."""

    def __init__(self) -> None:
        self._records: dict[str, list[MemoryRecord]] = {}

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        """Return the records of an owner, oldest first."""
        return self._records.get(owner, [])

    def add(self, owner: str, record: bytes) -> None:
        """Keep an encoded record; an empty one is none."""
        if record:
            self._records.setdefault(owner, []).extend(read_records([record]))

    def forget(self) -> None:
        """Drop everything."""
        self._records.clear()
