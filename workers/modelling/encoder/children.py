"""Run the exports in child processes, both encoders at once, and follow their stages."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

from shared.errors import ModelError
from shared.pdeathsig import dying_with_this_process
from shared.processor import describe_signal
from workers.engines.layout import EncoderName

_STAGES: Mapping[str, int] = {
    "answer": 5,
    "tone": 4,
}  # lines that workers.modelling.encoder.export prints
_ROOT = Path(__file__).parents[3]


class Exporter:
    """Writes the encoders' files into one folder; `progress` gets each stage."""

    def __init__(self, source: Path, target: Path, progress: Callable[[str, float], None]) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._reported = 0
        self._stages = 1
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[str]] = []

    def run(self, layers: Mapping[EncoderName, int]) -> None:
        """Export every encoder; ModelError carries a failed child's last words."""
        if find_spec("tensorflow") is None:
            raise ModelError("building a model needs TensorFlow; install requirements/run.txt")
        self._stages = sum(_STAGES[encoder] for encoder in layers) + 1
        self._progress("loading TensorFlow", 0.0)
        with ThreadPoolExecutor(len(layers)) as pool:
            try:
                jobs = [pool.submit(self._export, *each) for each in layers.items()]
                for done in as_completed(jobs):
                    done.result()
            finally:
                for child in self._children:
                    child.kill()  # those that have ended do not mind

    def _export(self, encoder: EncoderName, layers: int) -> None:
        words = self._target / f"{encoder}.log"
        with words.open("w") as log, self._start(encoder, layers, log.fileno()) as child:
            self._children.append(child)
            for stage in child.stdout or ():
                self._report(f"{encoder}: {stage.strip()}")
        if child.returncode:
            raise ModelError(_fault(encoder, child.returncode, words.read_text(errors="replace")))
        words.unlink()

    def _start(self, encoder: EncoderName, layers: int, log: int) -> subprocess.Popen[str]:
        # A build that is killed must not leave a converter working for half a minute.
        arguments = (encoder, str(layers), str(self._source), str(self._target))
        command = (sys.executable, "-m", "workers.modelling.encoder.export", *arguments)
        return subprocess.Popen(  # noqa: S603 - our own module
            dying_with_this_process(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=_ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        )

    def _report(self, stage: str) -> None:
        with self._lock:
            self._progress(stage, self._reported / self._stages)
            self._reported += 1


def _fault(encoder: str, code: int, words: str) -> str:
    if code < 0:
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        told = describe_signal(-code)
        return f"the build of the {encoder} encoder was killed by {told}{hint}"
    last = words.strip().splitlines()[-1:] or ["it said nothing"]
    return f"the build of the {encoder} encoder failed: {last[0]}"
