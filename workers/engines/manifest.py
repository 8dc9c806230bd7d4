"""`model.json`: what a built model was made of and which files it holds."""

from pathlib import Path

import msgspec

from shared.errors import ModelError
from workers.engines import layout
from workers.engines.files import file_sha256, read_file
from workers.engines.layout import EncoderName

SCHEMA = 1  # of what every reader must know: what is only added has a default


class EncoderRecord(msgspec.Struct, frozen=True):
    """One encoder: its layers, whether its vectors have length 1, its LiteRT shapes.

    `early_layers`: its early vectors are the tone encoder's, which has so many layers; None: it
    gives none.
    """

    layers: int
    normalised: bool
    shapes: tuple[tuple[int, int], ...]
    early_layers: int | None = None

    @property
    def gives_early(self) -> bool:
        """Return whether it gives the tone encoder's vectors beside its own."""
        return self.early_layers is not None


class FileRecord(msgspec.Struct, frozen=True):
    """One file of the model, as it was written."""

    bytes: int
    sha256: str


class SourceRecord(msgspec.Struct, frozen=True):
    """Where the weights came from; size and time spare a second hashing.

    `delta_sha256`: of what was added to them, if anything was.
    """

    name: str
    folder: str
    sha256: str
    bytes: int
    modified_ns: int
    delta_sha256: str | None = None

    @property
    def identity(self) -> str:
        """Identify the weights that were built, whatever they are called and wherever they lie."""
        return f"{self.sha256}+{self.delta_sha256}" if self.delta_sha256 else self.sha256


class Manifest(msgspec.Struct, frozen=True):
    """The content of `model.json`."""

    schema: int
    digest: str
    source: SourceRecord
    hidden_size: int
    max_tokens: int
    encoders: dict[EncoderName, EncoderRecord]
    files: dict[str, FileRecord]

    def encoder(self, name: EncoderName) -> EncoderRecord:
        """Return one encoder's record; ModelError if this model was built without it."""
        if name not in self.encoders:
            raise ModelError(f"{self.source.name} was built without the {name} encoder")
        return self.encoders[name]


def read_manifest(model_dir: Path) -> Manifest:
    """Read a built model's manifest; ModelError if there is none that can serve."""
    path = model_dir / layout.MANIFEST
    if not path.exists():
        raise ModelError(f"{model_dir} holds no built model; run `parley model build`")
    try:
        manifest = msgspec.json.decode(read_file(path), type=Manifest)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{path} is damaged: {error}; run `parley model build`") from error
    if manifest.schema != SCHEMA:
        raise ModelError(f"{path} is of another version; run `parley model build`")
    return manifest


def write_manifest(model_dir: Path, manifest: Manifest) -> None:
    """Write `model.json`, readable for people."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (model_dir / layout.MANIFEST).write_bytes(content + b"\n")


def record_files(model_dir: Path) -> dict[str, FileRecord]:
    """Hash every file below a model folder."""
    paths = sorted(path for path in model_dir.rglob("*") if path.is_file())
    return {
        path.relative_to(model_dir).as_posix(): FileRecord(path.stat().st_size, file_sha256(path))
        for path in paths
        if path.name != layout.MANIFEST
    }


def missing_files(model_dir: Path, manifest: Manifest) -> list[str]:
    """Return files that are gone or of another size; does not hash."""
    return [
        name
        for name, record in manifest.files.items()
        if not (path := model_dir / name).is_file() or path.stat().st_size != record.bytes
    ]


def damaged_files(model_dir: Path, manifest: Manifest) -> list[str]:
    """Return files that are gone or whose content has changed."""
    missing = missing_files(model_dir, manifest)
    present = (name for name in manifest.files if name not in missing)
    return missing + [
        name for name in present if file_sha256(model_dir / name) != manifest.files[name].sha256
    ]
