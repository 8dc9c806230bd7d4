"""What is remembered, and how the turn that a person means is found again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """One message of a person: its text and vector (int8), and where and when it was written.

    `encoder` names the encoder of the vector; `at` is Unix seconds.
    """

    conversation_id: str
    job_id: str
    text: str
    at: float
    encoder: str
    vector: bytes


_decoder = msgspec.json.Decoder(MemoryRecord)


class Memory(Protocol):
    """Gives what a person has written."""

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        """Return the records of an owner, oldest first. Raises QueueUnavailable."""


def encode_record(record: MemoryRecord) -> bytes:
    """Encode for the store."""
    return _encode(record)


def read_records(stored: Sequence[bytes]) -> list[MemoryRecord]:
    """Decode what the store holds; what another version wrote and cannot be read is left out."""
    records = []
    for each in stored:
        try:
            records.append(_decoder.decode(each))
        except msgspec.DecodeError:
            continue
    return records
