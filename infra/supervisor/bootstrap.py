"""Make or repair `.venv` from a hash-pinned lock. Run by make; needs the standard library alone.

`python infra/supervisor/bootstrap.py run` installs requirements/run.txt and Parley itself; `test`
adds requirements/test.txt, `tracing`, `llama` and `bench` the locks of their names; `gpu` installs
requirements/gpu.txt instead. A stamp in the environment records what it was made from, so that
nothing is done when nothing changed. A marker records that an installation is under way: one that
was cut off starts afresh, since pip takes half-written packages for whole ones.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = {
    "run": 2_500_000_000,
    "test": 3_000_000_000,
    "gpu": 12_000_000_000,
    "tracing": 100_000_000,
    "llama": 200_000_000,
    "bench": 200_000_000,
}
_ADDED = ("tracing", "llama", "bench")  # to whichever there is
# Profiles that can share an environment; the two TensorFlows would overwrite each other.
_COMPATIBLE = {
    "run": {"run", "test", *_ADDED},
    "test": {"run", "test", *_ADDED},
    "gpu": {"gpu", *_ADDED},
    **{added: {"run", "test", "gpu", *_ADDED} for added in _ADDED},
}
_CONTAINS = {
    "run": ("run", "test"),
    "test": ("test",),
    "gpu": ("gpu",),
    **{added: (added, "test") for added in _ADDED},
}
_PINNED = re.compile(r"^[A-Za-z0-9._-]+==", re.MULTILINE)
_PROGRESS = re.compile(r"^(?:Collecting|Ignoring|Requirement already satisfied:) ([^\s=:]+)")


class SetupFailed(Exception):
    """Carry the sentence for whoever set up."""


def main(profile: str, root: Path = ROOT) -> int:
    """Bring `.venv` to the lock of this profile; return an exit code."""
    try:
        with (root / "pyproject.toml").open() as lock_file:
            fcntl.flock(lock_file, fcntl.LOCK_EX)
            Environment(root, profile).bring_up_to_date()
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: the next run starts the set-up again.", file=sys.stderr)
        return 130
    return 0


class Environment:
    """The virtual environment of one clone."""

    def __init__(self, root: Path, profile: str) -> None:
        self._root = root
        self._profile = profile
        self._venv = root / ".venv"
        self._python = self._venv / "bin" / "python"
        self._unfinished = self._venv / "unfinished"
        self._pip_log = self._venv / "pip.log"

    def bring_up_to_date(self) -> None:
        """Do what is missing, in order, and print what is done."""
        if self._is_current():
            return
        began = time.monotonic()
        if not self._is_usable():
            self._check_space()
            self._create()
        self._unfinished.touch()
        self._install_lock()
        self._install_project()
        self._compile()
        self._stamp()
        self._unfinished.unlink()
        print(f"Packages are in place ({time.monotonic() - began:.0f} s).", flush=True)

    def _is_current(self) -> bool:
        complete = self._python.exists() and not self._unfinished.exists()
        return complete and any(
            self._read_stamp(profile) == self._fingerprint(profile)
            for profile in _CONTAINS[self._profile]
        )

    def _is_usable(self) -> bool:
        """Tell whether an environment can be added to: complete, made here, with a working pip."""
        if not self._venv.exists():
            return False
        made_here = f"{self._venv}" in self._read(self._venv / "pyvenv.cfg")
        complete = made_here and not self._unfinished.exists() and not self._is_of_other_kind()
        if complete and self._runs("-m", "pip", "--version"):
            return True
        print("The environment in .venv is unfinished, moved or of another kind.", flush=True)
        return False

    def _is_of_other_kind(self) -> bool:
        stamps = {path.name.removeprefix("stamp-") for path in self._venv.glob("stamp-*")}
        return bool(stamps - _COMPATIBLE[self._profile])

    def _create(self) -> None:
        print("Creating .venv", flush=True)
        shutil.rmtree(self._venv, ignore_errors=True)
        base = getattr(sys, "_base_executable", sys.executable)
        done = subprocess.run([base, "-m", "venv", self._venv], capture_output=True, text=True)
        if done.returncode:
            raise SetupFailed(f"Creating .venv failed: {(done.stderr or done.stdout).strip()}")

    def _check_space(self) -> None:
        free = shutil.disk_usage(self._root).free
        needed = NEEDED_BYTES[self._profile]
        if free < needed:
            raise SetupFailed(
                f"The disk of {self._root} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB "
                "are needed for the packages: free some."
            )

    def _install_lock(self) -> None:
        lock = self._lock(self._profile)
        total = len(_PINNED.findall(lock.read_text()))
        print(f"Installing {total} packages (pinned by hash, {lock.name})", flush=True)
        progress = Progress(total)
        self._pip(progress.read, "--no-deps", "--require-hashes", "-r", str(lock))
        progress.end()

    def _install_project(self) -> None:
        flags = ("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(self._root))
        self._pip(lambda _: None, *flags)

    def _compile(self) -> None:
        """Write bytecode with all processors: pip would with one, and take half a minute longer.

        Some packages carry files of other Pythons; what does not compile is not imported either.
        """
        flags = ("-q", "-q", "-j", "0", "-x", "site-packages/.*/tests?/")
        subprocess.run([self._python, "-m", "compileall", *flags, self._venv / "lib"])

    def _pip(self, on_line: "Callable[[str], None]", *arguments: str) -> None:
        options = ("--no-input", "--no-compile", "--progress-bar", "off")
        command = [str(self._python), "-m", "pip", "install", *options]
        with (
            self._pip_log.open("a") as log,
            subprocess.Popen(
                [*command, "--disable-pip-version-check", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as pip,
        ):
            for line in pip.stdout or ():
                log.write(line)
                on_line(line)
        if pip.returncode:
            raise SetupFailed(self._pip_failure())

    def _pip_failure(self) -> str:
        lines = [line for line in self._read(self._pip_log).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        quoted = "\n".join(f"  {line[:300]}" for line in errors[-6:])
        return (
            f"\nInstalling packages failed (all of pip's output: {self._pip_log}):\n{quoted}\n"
            "Is the package index reachable from here? Run the same command again to retry; "
            "what was downloaded is kept."
        )

    def _stamp(self) -> None:
        self._stamp_file(self._profile).write_text(self._fingerprint(self._profile))

    def _read_stamp(self, profile: str) -> str:
        return self._read(self._stamp_file(profile))

    def _fingerprint(self, profile: str) -> str:
        files = (self._lock(profile), self._root / "pyproject.toml")
        content = b"".join(file.read_bytes() for file in files)
        return hashlib.sha256(content + os.fsencode(self._venv)).hexdigest()

    def _lock(self, profile: str) -> Path:
        return self._root / "requirements" / f"{profile}.txt"

    def _stamp_file(self, profile: str) -> Path:
        return self._venv / f"stamp-{profile}"

    def _runs(self, *arguments: str) -> bool:
        try:
            return subprocess.run([self._python, *arguments], capture_output=True).returncode == 0
        except OSError:
            return False

    @staticmethod
    def _read(path: Path) -> str:
        return path.read_text(errors="replace") if path.exists() else ""


class Progress:
    """Show pip's progress: one changing line on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._live = sys.stdout.isatty()

    def read(self, line: str) -> None:
        """Take one line of pip's output."""
        found = _PROGRESS.match(line)
        if found:
            self._done += 1
            self._show(f"{self._done}/{self._total} {found[1]}", keep=self._done % 25 == 0)
        elif line.startswith("Installing collected packages"):
            self._show("unpacking", keep=True)

    def end(self) -> None:
        """Leave the terminal on a line of its own."""
        if self._live:
            print("\r\x1b[K", end="", flush=True)

    def _show(self, text: str, *, keep: bool) -> None:
        if self._live:
            print(f"\r\x1b[K  {text}", end="", flush=True)
        elif keep:
            print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
