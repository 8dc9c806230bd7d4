"""Which built models can serve, by the version of their manifest."""

from pathlib import Path

import msgspec
import pytest

from shared.errors import ModelError
from tests.support.linked_model import linked
from workers.engines import layout
from workers.engines.manifest import Manifest, read_manifest, write_manifest


def of_schema(model_dir: Path, target: Path, schema: int) -> Path:
    model = linked(model_dir, target)
    manifest = msgspec.structs.replace(read_manifest(model), schema=schema)
    (model / layout.MANIFEST).unlink()  # a link: what it is made of stays as it is
    write_manifest(model, manifest)
    return model


def test_a_model_from_before_early_vectors_serves_without_them(
    model_dir: Path, tmp_path: Path
) -> None:
    model = of_schema(model_dir, tmp_path / "model", 1)
    record = msgspec.json.decode((model / layout.MANIFEST).read_bytes())
    for encoder in record["encoders"].values():
        encoder.pop("early_layers", None)
    (model / layout.MANIFEST).write_bytes(msgspec.json.encode(record))
    manifest: Manifest = read_manifest(model)
    assert not manifest.encoder("answer").gives_early


@pytest.mark.parametrize("schema", [0, 2])
def test_a_model_of_an_unknown_version_is_refused(
    model_dir: Path, tmp_path: Path, schema: int
) -> None:
    model = of_schema(model_dir, tmp_path / "model", schema)
    with pytest.raises(ModelError, match="of another version; run `parley model build`"):
        read_manifest(model)
