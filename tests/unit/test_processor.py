"""A processor that lacks what packages are built for is told before anything dies of it."""

import platform

import pytest

from shared.processor import (
    describe_signal,
    has_vnni,
    missing_instructions,
    processor_kind,
    processor_name,
)
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


@pytest.mark.parametrize(
    ("flags", "kind", "vnni"),
    [
        ("avx avx2 fma", "AVX2", False),
        ("avx avx2 avx512f avx512bw", "AVX-512", False),
        ("avx avx2 avx_vnni", "AVX-VNNI", True),
        ("avx avx2 avx512f avx512_vnni avx_vnni", "AVX-512 VNNI", True),
        ("avx avx2 avx512f avx512_vnni amx_bf16 amx_tile amx_int8", "AMX", True),
        ("avx", "AVX", False),
    ],
)
def test_the_kind_is_the_best_that_the_processor_has(flags: str, kind: str, vnni: bool) -> None:
    told = f"vmx flags\t: amx_int8\nflags\t\t: fpu sse2 {flags}\nflags\t\t: fpu amx_int8\n"
    assert processor_kind(told) == kind
    assert has_vnni(kind) is vnni


def test_other_processors_have_a_kind_too() -> None:
    assert processor_kind("Features\t: fp asimd asimddp\n") == "ARM dot product"
    assert processor_kind("nothing") == platform.machine()


def test_a_processor_is_named_by_its_model_and_what_it_has() -> None:
    told = "processor : 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2\n"
    assert processor_name(told) == "AMD EPYC, AVX2"
    assert processor_name("Features\t: asimd\n") == f"{platform.machine()}, ARM NEON"


def test_an_illegal_instruction_is_not_taken_for_a_lack_of_memory() -> None:
    assert "out of memory" not in _fault("small", -4, "")
    assert "AVX" in _fault("small", -4, "")
    assert "SIGKILL (out of memory?)" in _fault("small", -9, "")
    assert describe_signal(99) == "signal 99"
