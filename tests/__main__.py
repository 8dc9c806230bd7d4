"""Run the whole suite in two parts at once: one waits for processes while the other computes.

Both take about as long: the tests of the benchmark and of the fault campaign, which share no stack
with others, come after the part that computes.

`python -m tests` prints the first part as it runs and the second one after it, and fails if one of
them fails. Arguments go to both.
"""

import signal
import subprocess
import sys
import tempfile
from typing import IO

from shared.pdeathsig import dying_with_this_process

BENCHMARK = ("tests/e2e/test_bench.py", "tests/e2e/test_bench_load.py")
WAITING = ("tests/e2e", *(f"--ignore={file}" for file in BENCHMARK))
COMPUTING = ("tests/unit", "tests/contract", "tests/build", *BENCHMARK, "tests/chaos")


def main() -> int:
    """Run both parts; return the exit code of pytest, the first one that is not 0."""
    with tempfile.TemporaryFile("w+") as output:
        parts = (start(WAITING), start(COMPUTING, output))
        try:
            codes = [part.wait() for part in parts]
        except KeyboardInterrupt:  # the parts have had it too, and tidy up
            codes = [part.wait() for part in parts]
        output.seek(0)
        sys.stdout.writelines(output)
    return next((code for code in codes if code), 0)


def start(part: tuple[str, ...], output: IO[str] | None = None) -> "subprocess.Popen[bytes]":
    command = (sys.executable, "-m", "pytest", *sys.argv[1:], *part)
    return subprocess.Popen(
        dying_with_this_process(command, signal.SIGINT), stdout=output, stderr=output
    )


if __name__ == "__main__":
    sys.exit(main())
