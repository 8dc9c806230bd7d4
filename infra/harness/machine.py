"""The machine that a measurement ran on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

from shared.processor import processor_kind


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and versions, for a report; `kind` is what decides the speed, as AVX2."""

    processor: str
    kind: str
    processors: int
    memory_gb: float
    system: str
    python: str

    @property
    def summary(self) -> str:
        """Return kind and number of the processors, and their name."""
        return f"{self.kind}, {self.processors} processors ({self.processor})"


def this_machine() -> Machine:
    """Describe the machine this runs on."""
    return Machine(
        processor=_processor(),
        kind=processor_kind(),
        processors=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
