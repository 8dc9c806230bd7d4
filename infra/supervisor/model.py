"""The built model from a terminal's side: its manifest, and a build with a progress bar."""

from pathlib import Path

from rich.console import Console

from infra.supervisor.native_stderr import suppress_native_stderr
from infra.supervisor.progress import StageProgress
from shared.errors import ModelError
from workers.engines.manifest import Manifest, missing_files, read_manifest
from workers.modelling.encoder.build import Built, build_model
from workers.modelling.encoder.large import build_large_model
from workers.modelling.encoder.weights import (
    Source,
    folder_source,
    original_source,
    packaged_source,
)


def built_model(model_dir: Path) -> Manifest | None:
    """Return the manifest of a whole build, or None; nothing is hashed."""
    try:
        manifest = read_manifest(model_dir)
    except ModelError:
        return None
    return None if missing_files(model_dir, manifest) else manifest


def make_model(model_dir: Path, console: Console, source: Source | None = None) -> Built:
    """Build the model if it is missing or out of date; show the progress.

    Without a `source`, the one of the present model is taken again, else the pinned package.
    """
    with suppress_native_stderr(), StageProgress(console, "Building the model") as progress:
        return build_model(model_dir, source or _source_again(model_dir), progress.update)


def make_large_model(model_dir: Path, console: Console) -> Built:
    """Fetch and build the large encoder if it is missing or out of date; show the progress."""
    with suppress_native_stderr(), StageProgress(console, "Building the large encoder") as progress:
        return build_large_model(model_dir, progress.update)


def refresh_model(model_dir: Path, console: Console) -> None:
    """Make sure that a model is there and up to date; without its weights it is used as it is."""
    try:
        make_model(model_dir, console)
    except ModelError:
        present = built_model(model_dir)
        if present is None or _can_be_read(present):
            raise


def _source_again(model_dir: Path) -> Source:
    present = built_model(model_dir)
    original = original_source()
    if present and present.source.name == original.name:
        return original
    if present is None or present.source.folder == str(original.folder):
        return packaged_source()
    return folder_source(Path(present.source.folder))


def _can_be_read(manifest: Manifest) -> bool:
    return Path(manifest.source.folder).is_dir()
