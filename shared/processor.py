"""What the processor can do, and what it lacks that packages may be built for."""

import platform
import signal
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_X86 = ("x86_64", "AMD64")
# The first that the processor has decides how fast it multiplies 8-bit numbers.
_KINDS = {
    "amx_int8": "AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx2": "AVX2",
    "avx": "AVX",
    "i8mm": "ARM I8MM",
    "asimddp": "ARM dot product",
    "asimd": "ARM NEON",
}

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
    flags = _flags(text, "flags")
    if not flags or "avx" in flags:
        return None
    return f"this processor has no AVX: {WHAT_TO_DO}"


def processor_kind(cpuinfo: str | None = None) -> str:
    """Name what the processor has for products of 8-bit numbers, as AVX2 or AVX-512 VNNI."""
    flags = _flags(_read_cpuinfo() if cpuinfo is None else cpuinfo, "flags", "Features")
    return next((kind for flag, kind in _KINDS.items() if flag in flags), platform.machine())


def processor_name(cpuinfo: str | None = None) -> str:
    """Name the processor's model and kind, as `AMD EPYC, AVX2`."""
    text = _read_cpuinfo() if cpuinfo is None else cpuinfo
    line = next((line for line in text.splitlines() if line.startswith("model name")), "")
    model = line.partition(":")[2].strip() or platform.machine()
    return f"{model}, {processor_kind(text)}"


def has_vnni(kind: str) -> bool:
    """Tell whether products of signed and unsigned bytes are summed up in 32 bits at once."""
    return kind not in ("AVX-512", "AVX2", "AVX")


def describe_signal(number: int) -> str:
    """Return a signal's name, and for an illegal instruction what it means and what to do."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    if number != signal.SIGILL:
        return name
    return f"{name}: it met an instruction that this processor does not have. {WHAT_TO_DO}"


def _flags(cpuinfo: str, *names: str) -> frozenset[str]:
    """Return what the first processor can do, by the line of these names; nothing without one."""
    line = next((line for line in cpuinfo.splitlines() if line.startswith(names)), "")
    return frozenset(line.partition(":")[2].split())


def _read_cpuinfo() -> str:
    try:
        return _CPUINFO.read_text(errors="replace")
    except OSError:
        return ""
