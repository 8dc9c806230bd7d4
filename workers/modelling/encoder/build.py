"""Build a model folder: exclusive, atomic, and skipped if nothing has changed."""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ModelError
from workers.engines import layout
from workers.engines.layout import EncoderName
from workers.engines.manifest import (
    SCHEMA,
    EncoderRecord,
    Manifest,
    SourceRecord,
    missing_files,
    read_manifest,
    record_files,
    write_manifest,
)
from workers.engines.select import choose_engine
from workers.modelling.encoder.children import Exporter
from workers.modelling.encoder.folders import Folders, locked
from workers.modelling.encoder.inputs import description_digest, inputs_digest
from workers.modelling.encoder.tokens import write_tokenizer
from workers.modelling.encoder.weights import (
    BertConfig,
    Source,
    check_pooling,
    load_weights,
    packaged_source,
    read_config,
    weights_sha256,
    write_weights,
)

_MEASURING = 0.97  # share of a build that is done by then

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A model folder's manifest, and whether this call had to build it."""

    manifest: Manifest
    built: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides what a build writes."""

    source: Source
    record: SourceRecord
    config: BertConfig
    layers: Mapping[EncoderName, int]
    digest: str


def build_model(
    model_dir: Path,
    source: Source | None = None,
    progress: Progress = lambda _stage, _fraction: None,
    tone_layers: int | None = None,
    encoders: Sequence[EncoderName] = layout.ENCODERS,
) -> Built:
    """Make `model_dir` hold the `encoders` of `source` (default: the pinned package).

    `tone_layers`: the tone encoder's; default TONE_LAYERS, at most half of the source's.
    `progress` gets a stage's name and the share done, 0 to 1. A folder that was built from the
    same inputs is left alone, which costs no TensorFlow. What `auto` takes on this machine is
    measured if that is not known yet. A build that is killed leaves the former
    model or none, never half of one. Raises ModelError.
    """
    folders = Folders(model_dir.absolute())
    source = source or packaged_source()
    with disk_faults(model_dir), locked(folders, lambda: progress("waiting for a build", 0.0)):
        folders.clear_leftovers()
        current = current_manifest(model_dir)
        plan = _plan(source, tone_layers, current, encoders)
        if current and current.digest == plan.digest and not missing_files(model_dir, current):
            choose_engine(model_dir, lambda stage: progress(stage, _MEASURING))
            return Built(current, built=False)
        try:
            manifest = _fill(folders.scratch, plan, progress)
            folders.replace()
        finally:
            shutil.rmtree(folders.scratch, ignore_errors=True)
    choose_engine(model_dir, lambda stage: progress(stage, _MEASURING))
    progress("done", 1.0)
    return Built(manifest, built=True)


def _plan(
    source: Source,
    tone_layers: int | None,
    current: Manifest | None,
    encoders: Sequence[EncoderName],
) -> Plan:
    config = read_config(source)
    check_pooling(source)
    record = _source_record(source, current.source if current else None)
    if tone_layers is None:
        tone_layers = min(layout.TONE_LAYERS, max(1, config.num_hidden_layers // 2))
    if not 1 <= tone_layers <= config.num_hidden_layers:
        raise ModelError(f"the tone encoder can have 1 to {config.num_hidden_layers} layers")
    depths: dict[EncoderName, int] = {"answer": config.num_hidden_layers, "tone": tone_layers}
    layers = {encoder: depths[encoder] for encoder in encoders}
    digest = inputs_digest(description_digest(source.folder), record.identity, layers)
    return Plan(source, record, config, layers, digest)


def _source_record(source: Source, known: SourceRecord | None) -> SourceRecord:
    try:
        stat = source.weights.stat()
    except OSError as error:
        raise ModelError(f"{source.weights} cannot be read: {error.strerror}") from error
    identity = (str(source.folder), stat.st_size, stat.st_mtime_ns)
    unchanged = known and identity == (known.folder, known.bytes, known.modified_ns)
    sha256 = known.sha256 if known and unchanged else weights_sha256(source)
    delta = source.delta.sha256 if source.delta else None
    return SourceRecord(source.name, identity[0], sha256, *identity[1:], delta)


def _fill(folder: Path, plan: Plan, progress: Progress) -> Manifest:
    for encoder in plan.layers:
        (folder / encoder).mkdir(parents=True)
    write_tokenizer(plan.source, folder / layout.TOKENIZER)
    with _whole_weights(plan, folder) as weights_folder:
        Exporter(weights_folder, folder, progress).run(plan.layers)
    manifest = Manifest(
        schema=SCHEMA,
        digest=plan.digest,
        source=plan.record,
        hidden_size=plan.config.hidden_size,
        max_tokens=layout.MAX_TOKENS,
        encoders={name: _encoder_record(plan, name) for name in plan.layers},
        files=record_files(folder),
    )
    write_manifest(folder, manifest)
    return manifest


@contextmanager
def _whole_weights(plan: Plan, scratch: Path) -> Iterator[Path]:
    if plan.source.delta is None:
        yield plan.source.folder
        return
    whole = scratch / "weights"
    write_weights(plan.source, load_weights(plan.source, plan.config), whole)
    yield whole
    shutil.rmtree(whole)


def _encoder_record(plan: Plan, encoder: EncoderName) -> EncoderRecord:
    compiled = layout.litert_shapes(plan.config.hidden_size)
    shapes = tuple((shape.rows, shape.tokens) for shape in compiled)
    return EncoderRecord(plan.layers[encoder], encoder == "answer", shapes)


def current_manifest(model_dir: Path) -> Manifest | None:
    """Return the manifest that is there, or None; its files may be gone."""
    try:
        return read_manifest(model_dir)
    except ModelError:
        return None


@contextmanager
def disk_faults(model_dir: Path) -> Iterator[None]:
    """Turn what a disk refuses into a ModelError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(f"no space is left for the model in {model_dir.parent}") from error
        raise ModelError(f"the model cannot be built in {model_dir}: {error}") from error
