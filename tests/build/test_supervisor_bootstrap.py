"""The set-up of `.venv`: done once, repaired if interrupted, nothing if nothing changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.supervisor import bootstrap
from infra.supervisor.bootstrap import Environment, Progress, main

ROOT = Path(__file__).parents[2]


class FakePip:
    """Record what would be installed; fail or stop on demand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[str] = []
        self.failure: BaseException | None = None

    def __call__(self, environment: Environment, hear: object, *arguments: str) -> None:
        if self.failure:
            raise self.failure
        self.calls.append(arguments[-1].removeprefix(str(self.root)))

    def create(self, environment: Environment) -> None:
        self.calls.append("create")
        binaries = self.root / ".venv" / "bin"
        for leftover in (self.root / ".venv").glob("*"):
            if leftover.is_file():
                leftover.unlink()
        binaries.mkdir(parents=True, exist_ok=True)
        if not (binaries / "python").exists():
            (binaries / "python").symlink_to(sys.executable)
        (self.root / ".venv" / "pyvenv.cfg").write_text(f"command = {self.root / '.venv'}\n")


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements").mkdir()
    for profile in ("run", "test", "gpu", "tracing", "llama", "bench"):
        (tmp_path / "requirements" / f"{profile}.txt").write_text(f"{profile}==1\n")
    fake = FakePip(tmp_path)
    monkeypatch.setattr(Environment, "_pip", lambda self, *args: fake(self, *args))
    monkeypatch.setattr(Environment, "_create", lambda self: fake.create(self))
    monkeypatch.setattr(Environment, "_compile", lambda self: None)
    return fake


def set_up(pip: FakePip, profile: str) -> list[str]:
    """Run the set-up; return what it did."""
    pip.calls.clear()
    assert main(profile, pip.root) == 0
    return list(pip.calls)


def test_the_first_run_makes_all_and_the_second_nothing(pip: FakePip) -> None:
    assert set_up(pip, "run") == ["create", "/requirements/run.txt", ""]
    assert set_up(pip, "run") == []


def test_test_packages_are_added_and_serve_run_too(pip: FakePip) -> None:
    set_up(pip, "run")
    assert set_up(pip, "test") == ["/requirements/test.txt", ""]
    assert set_up(pip, "run") == []


@pytest.mark.parametrize("added", ["tracing", "llama", "bench"])
@pytest.mark.parametrize("profile", ["run", "gpu"])
def test_what_is_added_to_either_kind_stays(pip: FakePip, profile: str, added: str) -> None:
    set_up(pip, profile)
    assert set_up(pip, added) == [f"/requirements/{added}.txt", ""]
    assert set_up(pip, profile) == []
    assert set_up(pip, added) == []
    (pip.root / "requirements" / f"{profile}.txt").write_text("other==2\n")
    assert set_up(pip, profile) == [f"/requirements/{profile}.txt", ""]


@pytest.mark.parametrize("added", ["tracing", "llama", "bench"])
def test_the_test_packages_hold_what_can_be_added(pip: FakePip, added: str) -> None:
    set_up(pip, "test")
    assert set_up(pip, added) == []


def test_one_addition_leaves_the_other_in_place(pip: FakePip) -> None:
    set_up(pip, "run")
    set_up(pip, "tracing")
    assert set_up(pip, "llama") == ["/requirements/llama.txt", ""]
    assert set_up(pip, "tracing") == set_up(pip, "run") == []


@pytest.mark.parametrize("changed", ["requirements/run.txt", "pyproject.toml"])
def test_a_changed_lock_is_installed_into_the_same_environment(pip: FakePip, changed: str) -> None:
    set_up(pip, "run")
    (pip.root / changed).write_text("other==2\n")
    assert set_up(pip, "run") == ["/requirements/run.txt", ""]


def test_an_interrupted_set_up_starts_afresh(
    pip: FakePip, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.failure = KeyboardInterrupt()
    assert main("run", pip.root) == 130
    pip.failure = None
    assert set_up(pip, "run") == ["create", "/requirements/run.txt", ""]
    assert "unfinished, moved" in capsys.readouterr().out


def test_an_interrupted_addition_starts_afresh_even_for_run(pip: FakePip) -> None:
    set_up(pip, "run")
    pip.failure = KeyboardInterrupt()
    assert main("test", pip.root) == 130
    pip.failure = None
    assert set_up(pip, "run")[0] == "create"


def test_an_environment_of_a_moved_clone_is_made_again(pip: FakePip) -> None:
    set_up(pip, "run")
    (pip.root / ".venv" / "pyvenv.cfg").write_text("command = /elsewhere/.venv\n")
    (pip.root / ".venv" / "stamp-run").unlink()
    assert set_up(pip, "run")[0] == "create"


def test_a_python_that_is_gone_is_noticed(pip: FakePip) -> None:
    set_up(pip, "run")
    (pip.root / ".venv" / "bin" / "python").unlink()
    assert set_up(pip, "run")[0] == "create"


def test_the_two_tensorflows_never_share_an_environment(pip: FakePip) -> None:
    set_up(pip, "run")
    assert set_up(pip, "gpu") == ["create", "/requirements/gpu.txt", ""]
    assert set_up(pip, "gpu") == []
    assert set_up(pip, "run")[0] == "create"


def test_a_full_disk_is_one_sentence(
    pip: FakePip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(bootstrap.NEEDED_BYTES, "run", 10**18)
    assert main("run", pip.root) == 1
    fields = capsys.readouterr().err
    assert "GB free and 1000000000.0 GB are needed" in fields
    assert len(fields.splitlines()) == 1


def test_a_failed_installation_quotes_pip_and_says_what_to_do(
    tmp_path: Path,
    pip: FakePip,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.undo()
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"command = {venv}\n")
    python = venv / "bin" / "python"
    python.write_text(
        '#!/bin/sh\ncase "$*" in *--version*) exit 0;; esac\n'
        "echo Collecting thing\necho 'ERROR: No matching distribution found for thing'\nexit 1\n"
    )
    python.chmod(0o755)
    assert main("run", tmp_path) == 1
    fields = capsys.readouterr().err
    assert "No matching distribution found for thing" in fields
    assert "Is the package index reachable" in fields
    assert (venv / "unfinished").exists()


def test_packages_are_compiled_but_not_their_tests(tmp_path: Path) -> None:
    root = tmp_path / "tests"  # a clone may lie below a folder of that name
    packages = root / ".venv" / "lib" / "python" / "site-packages"
    for name in ("one", "one/tests", "bin"):
        (packages / name).mkdir(parents=True, exist_ok=True)
        (packages / name / "some.py").touch()
    (packages / "one" / "broken.py").write_text("print 'of another Python'\n")
    binaries = root / ".venv" / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(sys.executable)
    Environment(root, "run")._compile()
    compiled = {path.parents[1].relative_to(packages) for path in packages.rglob("some.*.pyc")}
    assert compiled == {Path("one"), Path("bin")}


def test_progress_counts_packages(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(50)
    for number in range(25):
        progress.read(f"Collecting package-{number}==1.0 (from -r run.txt (line 1))\n")
        progress.read("  Downloading package.whl (1 kB)\n")
    progress.read("Installing collected packages: a, b\n")
    progress.end()
    assert capsys.readouterr().out == "  25/50 package-24\n  unpacking\n"


def test_it_needs_nothing_but_the_standard_library() -> None:
    script = ROOT / "infra" / "supervisor" / "bootstrap.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(script)!r})"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
