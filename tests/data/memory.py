"""Requests to recall an earlier turn, the turns around it, and what only looks like one."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

HERE = Path(__file__).parent

Split = Literal["development", "kept"]


@dataclass(frozen=True, slots=True)
class RecallCase:
    """Hold what a customer wrote and the later message that asks for it."""

    said: str
    ask: str
    split: Split


@dataclass(frozen=True, slots=True)
class MemorySet:
    """Hold the cases and what makes them hard.

    Store every `said` of all splits and all of `noise` as the turns of one user: exactly one
    of these 600 texts fits each `ask`. None of `not_recall` asks for an earlier turn.
    """

    cases: tuple[RecallCase, ...]
    noise: tuple[str, ...]
    not_recall: tuple[str, ...]

    @property
    def turns(self) -> tuple[str, ...]:
        """Return all texts to be stored: those of the cases, then the noise."""
        return (*(case.said for case in self.cases), *self.noise)

    def asked(self, split: Split) -> tuple[RecallCase, ...]:
        """Return the cases of one split."""
        return tuple(case for case in self.cases if case.split == split)


@cache
def memory_set() -> MemorySet:
    """Return the set as it stands in memory_cases.yaml."""
    rows: dict[str, Any] = yaml.safe_load((HERE / "memory_cases.yaml").read_text("utf-8"))
    cases = tuple(RecallCase(**row) for row in rows["cases"])
    return MemorySet(cases, tuple(rows["noise"]), tuple(rows["not_recall"]))


@cache
def natural_cases() -> tuple[RecallCase, ...]:
    """Return what one customer wrote and asks for in their own words: memory_natural.yaml.

    Store every `said` of all splits beside the noise of the memory set.
    """
    rows: dict[str, Any] = yaml.safe_load((HERE / "memory_natural.yaml").read_text("utf-8"))
    return tuple(RecallCase(**row) for row in rows["cases"])


@cache
def development_cases() -> MemorySet:
    """Return cases from other trades, all for development, and texts that recall nothing."""
    rows: dict[str, Any] = yaml.safe_load((HERE / "memory_development.yaml").read_text("utf-8"))
    cases = tuple(RecallCase(**row, split="development") for row in rows["cases"])
    return MemorySet(cases, memory_set().noise, tuple(rows["other"]))
