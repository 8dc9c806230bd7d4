"""A processor that lacks what packages are built for is told before anything dies of it."""

import pytest

from shared.processor import describe_signal, missing_instructions
from workers.modelling.encoder.children import _fault

OLD = "processor\t: 0\nflags\t\t: fpu sse sse2 ssse3 sse4_1 sse4_2\n"


@pytest.mark.parametrize(
    ("cpuinfo", "machine", "lacks"),
    [
        (OLD, "x86_64", True),
        (OLD.replace("sse4_2", "sse4_2 avx avx2"), "x86_64", False),
        (OLD, "aarch64", False),
        ("Features: neon", "x86_64", False),
        ("", "x86_64", False),
    ],
)
def test_a_processor_without_avx_is_told(cpuinfo: str, machine: str, lacks: bool) -> None:
    told = missing_instructions(cpuinfo, machine)
    assert (told is not None) is lacks
    assert told is None or "has no AVX" in told


def test_an_illegal_instruction_is_not_taken_for_a_lack_of_memory() -> None:
    assert "out of memory" not in _fault("small", -4, "")
    assert "AVX" in _fault("small", -4, "")
    assert "SIGKILL (out of memory?)" in _fault("small", -9, "")
    assert describe_signal(99) == "signal 99"
