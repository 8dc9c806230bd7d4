"""Real workers as Celery runs them, with an engine that only pretends, over a small base."""

import os
import subprocess
import sys
from pathlib import Path

from infra.supervisor.probes import HeartbeatProbe
from tests.support.processes import wait_until

ROOT = Path(__file__).parent.parent.parent


class WorkerProcess:
    """A worker of queues, by commas; a context manager. `root` holds the code that it runs."""

    root = ROOT

    def __init__(
        self,
        redis_url: str,
        queue: str,
        folder: Path,
        model_dir: Path,
        options: tuple[str, ...] = (),
        **settings: str,
    ) -> None:
        self._queue = queue
        self._options = options
        self._redis_url = redis_url
        self._log = folder / f"{queue}-worker.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if "PARLEY" not in name},
            "PARLEY_REDIS_URL": redis_url,
            "PARLEY_ENGINE": "simulated",
            "PARLEY_MODEL_DIR": str(model_dir),
            "PARLEY_DATA_DIR": str(folder),
            "PARLEY_KB": str(ROOT / "workers" / "knowledge" / "demo" / "gift.yaml"),
            **settings,
        }

    def start(self) -> None:
        """Start it; it needs a few seconds until it lives."""
        name = ("-n", f"{self._queue}@%h")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "workers.celery_app", "worker"),
                    *("-Q", self._queue, *name, *self._options),
                ],
                cwd=self.root,
                env={**self._environment, "PYTHONPATH": str(self.root)},
                stdout=log,
                stderr=log,
            )

    def lives(self) -> bool:
        """Tell whether this very process has a heartbeat for each of its queues."""
        assert self.process.poll() is None, self.log()
        pid, queues = self.process.pid, self._queue.split(",")
        return all(HeartbeatProbe(self._redis_url, queue).is_ready(pid) for queue in queues)

    def stop(self) -> int:
        """End it as an operator does; return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=40)

    def log(self) -> str:
        return self._log.read_text()

    def __enter__(self) -> "WorkerProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_until_alive(*workers: WorkerProcess) -> None:
    """Return once all of them tell that they live."""
    wait_until(lambda: all(worker.lives() for worker in workers), 90, 0.1)
