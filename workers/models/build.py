"""Build a model folder: exclusive, atomic, and skipped where nothing has changed."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ModelError
from workers.models import layout
from workers.models.children import Exporter
from workers.models.layout import Encoder
from workers.models.locking import locked
from workers.models.manifest import (
    SCHEMA,
    EncoderRecord,
    Manifest,
    SourceRecord,
    inputs_digest,
    missing_files,
    read_manifest,
    record_files,
    write_manifest,
)
from workers.models.tokens import write_tokenizer
from workers.models.weights import (
    BertConfig,
    Source,
    check_pooling,
    packaged_source,
    read_config,
    weights_sha256,
)

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A model folder's manifest, and whether this call had to build it."""

    manifest: Manifest
    built: bool


def build_model(
    model_dir: Path,
    source: Source | None = None,
    progress: Progress = lambda _stage, _fraction: None,
    tone_layers: int = layout.TONE_LAYERS,
) -> Built:
    """Make `model_dir` hold the encoders of `source` (default: the pinned package).

    `progress` hears a stage's name and the share done, 0 to 1. A folder that was built from the
    same inputs is left alone, which costs no TensorFlow. A build that is killed leaves the former
    model or none, never half of one. Raises ModelError.
    """
    source = source or packaged_source()
    model_dir = model_dir.absolute()
    config = read_config(source)
    layers: dict[Encoder, int] = {
        "answer": config.num_hidden_layers,
        "tone": _tone_layers(config, tone_layers),
    }
    with _disk_faults(model_dir), locked(model_dir, lambda: progress("waiting", 0.0)):
        _clear_leftovers(model_dir)
        record = _source_record(source, model_dir)
        digest = inputs_digest(source, record.sha256, {**layers})
        current = _current(model_dir)
        if current and current.digest == digest and not missing_files(model_dir, current):
            return Built(current, built=False)
        scratch = model_dir.with_name(f".{model_dir.name}.building")
        try:
            manifest = _fill(scratch, source, record, config, layers, digest, progress)
            _replace(scratch, model_dir)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    progress("done", 1.0)
    return Built(manifest, built=True)


def _fill(
    folder: Path,
    source: Source,
    record: SourceRecord,
    config: BertConfig,
    layers: dict[Encoder, int],
    digest: str,
    progress: Progress,
) -> Manifest:
    for encoder in layout.ENCODERS:
        (folder / encoder).mkdir(parents=True)
    write_tokenizer(source, folder / layout.TOKENIZER)
    Exporter(source.folder, folder, progress).run(layers)
    manifest = Manifest(
        schema=SCHEMA,
        digest=digest,
        source=record,
        hidden_size=config.hidden_size,
        max_tokens=layout.MAX_TOKENS,
        encoders={name: _encoder_record(name, count) for name, count in layers.items()},
        files=record_files(folder),
    )
    write_manifest(folder, manifest)
    return manifest


def _encoder_record(encoder: Encoder, layers: int) -> EncoderRecord:
    shapes = tuple((shape.rows, shape.tokens) for shape in layout.LITERT_SHAPES)
    return EncoderRecord(layers, encoder == "answer", shapes)


def _tone_layers(config: BertConfig, asked: int) -> int:
    if not 1 <= asked <= config.num_hidden_layers:
        raise ModelError(
            f"tone layers must be 1 to {config.num_hidden_layers}, the layers of this model"
        )
    return asked


def _current(model_dir: Path) -> Manifest | None:
    try:
        return read_manifest(model_dir)
    except ModelError:
        return None


def _source_record(source: Source, model_dir: Path) -> SourceRecord:
    check_pooling(source)
    try:
        stat = source.weights.stat()
    except OSError as error:
        raise ModelError(f"{source.weights} cannot be read: {error.strerror}") from error
    current = _current(model_dir)
    known = current and current.source
    same = known and (known.folder, known.bytes, known.modified_ns) == (
        str(source.folder),
        stat.st_size,
        stat.st_mtime_ns,
    )
    sha256 = known.sha256 if known and same else weights_sha256(source)
    return SourceRecord(source.name, str(source.folder), sha256, stat.st_size, stat.st_mtime_ns)


def _clear_leftovers(model_dir: Path) -> None:
    retired = _retired(model_dir)
    if retired.exists() and not model_dir.exists():
        retired.rename(model_dir)  # killed between the two renames of `_replace`
    for leftover in (retired, model_dir.with_name(f".{model_dir.name}.building")):
        shutil.rmtree(leftover, ignore_errors=True)


def _replace(scratch: Path, model_dir: Path) -> None:
    for path in scratch.rglob("*"):
        _flush(path)
    retired = _retired(model_dir)
    if model_dir.exists():
        model_dir.rename(retired)
    scratch.rename(model_dir)
    shutil.rmtree(retired, ignore_errors=True)


def _retired(model_dir: Path) -> Path:
    return model_dir.with_name(f".{model_dir.name}.retired")


def _flush(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def _disk_faults(model_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(f"no space left for the model in {model_dir.parent}") from error
        raise ModelError(f"the model cannot be built in {model_dir}: {error}") from error
