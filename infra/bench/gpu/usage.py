"""How busy a GPU is, as nvidia-smi tells."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from shared.pdeathsig import dying_with_this_process

_QUERY = "--query-gpu=utilization.gpu,memory.used"
_PERIOD_MS = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """The mean share of time in which a kernel ran, and the most memory in use; None: not known."""

    busy: float | None = None
    memory_mb: float | None = None


class UsageMeter:
    """Reads the first GPU's usage while the block lasts; knows nothing without nvidia-smi."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.usage = Usage()

    def __enter__(self) -> Self:
        program = shutil.which("nvidia-smi")
        if program:
            options = ("--id=0", "--format=csv,noheader,nounits", f"--loop-ms={_PERIOD_MS}")
            self._process = subprocess.Popen(
                dying_with_this_process((program, _QUERY, *options)),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            self._process.terminate()
            told, _ = self._process.communicate()
            self.usage = read_usage(told.splitlines())


def read_usage(lines: Iterable[str]) -> Usage:
    """Read lines as `87, 1324`: per cent and MiB; what is no number, as `[N/A]`, is left out."""
    pairs = [pair for line in lines if (pair := _pair(line))]
    if not pairs:
        return Usage()
    busy = sum(percent for percent, _ in pairs) / len(pairs) / 100
    return Usage(busy, max(mebibytes for _, mebibytes in pairs) * 1.048576)


def gpu_name() -> str | None:
    """Return the first GPU's name; None without nvidia-smi."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    done = subprocess.run(
        (program, "--id=0", "--query-gpu=name", "--format=csv,noheader"),
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or None


def _pair(line: str) -> tuple[float, float] | None:
    try:
        percent, mebibytes = map(float, line.split(","))
    except ValueError:
        return None
    return percent, mebibytes
