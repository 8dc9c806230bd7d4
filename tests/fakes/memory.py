"""A stand-in for what is remembered of persons."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workers.memory.memory import MemoryRecord


@dataclass
class FakeMemory:
    """Hold the records that a test puts in, by owner."""

    stored: dict[str, list[MemoryRecord]] = field(default_factory=dict)

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        return self.stored.get(owner, [])
