"""What the processor lacks that packages may be built for."""

import platform
import signal
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_X86 = ("x86_64", "AMD64")

WHAT_TO_DO = (
    "TensorFlow's packages need AVX: run on a processor (or a virtual machine's CPU type, as "
    "`host`) that has it, or answer by PARLEY_VARIANT=tfidf, which needs no model"
)


def missing_instructions(cpuinfo: str | None = None, machine: str | None = None) -> str | None:
    """Return a sentence if this is an x86 processor without AVX; None if all is there, or unknown.

    `cpuinfo` is what Linux tells of the processors.
    """
    if (machine or platform.machine()) not in _X86:
        return None
    text = _read_cpuinfo() if cpuinfo is None else cpuinfo
    flags = next((line for line in text.splitlines() if line.startswith("flags")), None)
    if flags is None or "avx" in flags.split():
        return None
    return f"this processor has no AVX: {WHAT_TO_DO}"


def describe_signal(number: int) -> str:
    """Return a signal's name, and for an illegal instruction what it means and what to do."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    if number != signal.SIGILL:
        return name
    return f"{name}: it met an instruction that this processor does not have. {WHAT_TO_DO}"


def _read_cpuinfo() -> str:
    try:
        return _CPUINFO.read_text(errors="replace")
    except OSError:
        return ""
