"""How TensorFlow is set up where it sees a GPU; what it computes is in tests/contract."""

import sys
from types import SimpleNamespace

import pytest

from shared.errors import EngineError
from workers.engines.tensorflow import load_tensorflow, require_gpu


class Devices:
    """Stand in for `tf.config`: some GPUs, none of them hidden again."""

    def __init__(self, *gpus: str) -> None:
        self.gpus = list(gpus)
        self.growing: list[str] = []
        self.threads = 0
        self.experimental = SimpleNamespace(
            get_memory_growth=self.growing.__contains__,
            set_memory_growth=lambda device, _on: self.growing.append(device),
        )
        self.threading = SimpleNamespace(
            get_intra_op_parallelism_threads=lambda: self.threads,
            set_intra_op_parallelism_threads=self._set_threads,
        )

    def get_visible_devices(self, kind: str) -> list[str]:
        assert kind == "GPU"
        return self.gpus

    def _set_threads(self, threads: int) -> None:
        self.threads = threads


def stand_in(monkeypatch: pytest.MonkeyPatch, *gpus: str) -> Devices:
    devices = Devices(*gpus)
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=devices))
    return devices


def test_an_engine_on_the_cpu_leaves_the_gpu_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = stand_in(monkeypatch, "GPU:0")
    load_tensorflow(1)  # `parley model check` reads the SavedModel on the CPU
    require_gpu(load_tensorflow(4))  # and its gate times the GPU, in the same process
    assert devices.growing == ["GPU:0"]
    assert devices.threads == 1


def test_a_gpu_that_tensorflow_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    with pytest.raises(EngineError, match="TensorFlow cannot use it"):
        require_gpu(load_tensorflow(1))
