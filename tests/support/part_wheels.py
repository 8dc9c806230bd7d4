"""A package index of one's own: a folder of wheels that carry the parts of a zip file."""

import io
import zipfile
from pathlib import Path

from tests.support.tiny_mpnet import write_tiny_mpnet
from workers.engines.files import file_sha256
from workers.modelling.encoder.inputs import description_digest
from workers.modelling.encoder.large import Package

PARTS = 2


class PartIndex:
    """A tiny MPNet in two wheels of `folder`, and the package that pins them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "index"
        self.folder.mkdir()
        model = write_tiny_mpnet(folder / "tiny-mpnet")
        content = _zipped(model)
        half = len(content) // 2
        parts = (content[:half], content[half:])
        self.wheels = [
            _write_wheel(self.folder, number, part) for number, part in enumerate(parts, 1)
        ]
        self._lock = folder / "large.txt"
        self._lock.write_text("".join(_pin(wheel) for wheel in self.wheels))
        self.package = Package(
            name="tiny-mpnet",
            lock=self._lock,
            sha256=file_sha256(model / "model.safetensors"),
            description=description_digest(model),
            layers=2,
            fetched_bytes=len(content),
            needed_bytes=1_000,
        )


def _zipped(folder: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
    return stream.getvalue()


def _write_wheel(folder: Path, number: int, part: bytes) -> Path:
    name = f"tiny_mpnet_part_00{number}"
    wheel = folder / f"{name}-0.0.1-py3-none-any.whl"
    record = f"{name}-0.0.1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}/input/tiny-mpnet.zip.00{number}", part)
        archive.writestr(
            f"{record}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n"
        )
        archive.writestr(
            f"{record}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{record}/RECORD", "")
    return wheel


def _pin(wheel: Path) -> str:
    name = wheel.name.split("-")[0].replace("_", "-")
    return f"{name}==0.0.1 \\\n    --hash=sha256:{file_sha256(wheel)}\n"
