"""What an installed Parley holds, and what it leaves to a checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FROM_A_CHECKOUT = ("infra/bench/", "infra/chaos/", "infra/harness/", "tests/")
# An editable installation finds submodules of the checkout wherever a process runs.
WITHOUT_A_CHECKOUT = """
import runpy, sys
sys.meta_path = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "")]
runpy.run_module("parley", run_name="__main__", alter_sys=True)
"""
SOURCES = ("gateway", "infra", "shared", "workers")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what git has, with the installed setuptools alone."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for file in _tracked():
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes((ROOT / file).read_bytes())
    program = f"from setuptools import build_meta as b; print(b.build_wheel({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


def _tracked() -> list[Path]:
    """Return the files that a build may read, new ones included."""
    names = ("pyproject.toml", "README.md", "LICENSE", "parley.py")
    found = [ROOT / name for name in names]
    for folder in SOURCES:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def members(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def test_nothing_that_measures_or_injects_faults_is_installed(members: list[str]) -> None:
    assert not [name for name in members if name.startswith(FROM_A_CHECKOUT)]


def test_all_data_that_a_running_part_reads_is_installed(members: list[str]) -> None:
    kinds = (".lua", ".yaml", ".npz", ".delta", ".html", ".css", ".js", ".svg", ".json")
    here = [str(path) for path in _tracked() if path.suffix in kinds]
    assert {Path(name).suffix for name in here} >= {
        ".lua",
        ".yaml",
        ".npz",
        ".delta",
        ".html",
        ".js",
    }
    assert set(here) <= set(members)


def test_every_module_of_the_product_is_installed(members: list[str]) -> None:
    here = [str(path) for path in _tracked() if path.suffix == ".py"]
    assert set(here) - set(members) == {name for name in here if name.startswith(FROM_A_CHECKOUT)}
    assert "parley.py" in members


@pytest.mark.parametrize("command", ["bench", "chaos"])
def test_what_needs_a_checkout_says_so(wheel: Path, tmp_path: Path, command: str) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_CHECKOUT, command, "--quick"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"`parley {command}` is not part of an installed Parley: "
        f"run `make {command}` in a checkout of the source.\n"
    )
