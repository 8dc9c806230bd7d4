"""Run the whole suite in groups, one more at once than there are processors: many tests wait.

`python -m tests` names a group as it begins and prints what it says once that has ended, and fails
if one of them fails. Arguments go to all. The first test that needs the model has it built while
others go on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from typing import Self

from shared.pdeathsig import dying_with_this_process

E2E = "tests/e2e"
Group = tuple[str, ...]


def files(*names: str) -> Group:
    """Return the paths of files of the end-to-end tests."""
    return tuple(f"{E2E}/test_{name}.py" for name in names)


STACK = files(  # what shares the one stack
    *("celery", "celery_versions", "chat", "example_clients", "hot_reload", "openai_clients"),
    *("queue_fuzz", "stack", "tutorial"),
)
PAGES = files(
    *("browser", "chat_page", "dashboard_page", "desk_inbox", "desk_page", "page_troubles"),
    "widget",
)
BENCHMARK = files("bench", "bench_gpu", "bench_load")
OTHERS = (E2E, *(f"--ignore={file}" for file in (*STACK, *PAGES, *BENCHMARK)))
# The longest first, so that none runs alone at the end. A new file of tests/e2e is in OTHERS.
GROUPS = (
    OTHERS,
    ("tests/unit",),
    STACK,
    ("tests/contract",),
    ("tests/build",),
    BENCHMARK,
    ("tests/chaos",),
    PAGES,
)


class Run:
    """pytest over one group; what it says is kept until it has ended."""

    def __init__(self, group: Group, arguments: Sequence[str]) -> None:
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by tell
        self._process = subprocess.Popen(
            dying_with_this_process(
                (sys.executable, "-m", "pytest", *arguments, *group), signal.SIGINT
            ),
            stdout=self._output,
            stderr=self._output,
        )

    @classmethod
    def of(cls, group: Group) -> Self:
        """Start a group with the arguments of this command."""
        sys.stdout.write(f"begun: {group[0]}{' and more' if len(group) > 1 else ''}\n")
        sys.stdout.flush()
        return cls(group, sys.argv[1:])

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def tell(self) -> int:
        """Wait for its end, print what it said, and return the exit code."""
        code = self._process.wait()
        with self._output:
            self._output.seek(0)
            sys.stdout.writelines(self._output)
            sys.stdout.flush()
        return code


def main() -> int:
    """Run all groups; return the exit code of pytest, the first one that is not 0."""
    waiting, running, codes = deque(GROUPS), list[Run](), list[int]()
    lanes = len(os.sched_getaffinity(0)) + 1
    try:
        while waiting or running:
            while waiting and len(running) < lanes:
                running.append(Run.of(waiting.popleft()))
            time.sleep(0.1)
            ended = [run for run in running if run.has_ended()]
            running = [run for run in running if run not in ended]
            codes += [run.tell() for run in ended]
    except KeyboardInterrupt:  # the groups have had it too, and tidy up
        codes += [run.tell() for run in running]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
