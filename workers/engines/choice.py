"""`gate.json`: which engine the precision gate chose for a built model."""

from pathlib import Path

import msgspec

from shared.errors import ModelError
from workers.engines.files import read_file
from workers.engines.manifest import read_manifest

CHOICE = "gate.json"


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The engine that was chosen, for the model of this digest alone."""

    digest: str
    engine: str


def read_choice(model_dir: Path) -> str | None:
    """Return the chosen engine's name; None if no gate has run on this model.

    ModelError if the file is damaged.
    """
    path = model_dir / CHOICE
    if not path.exists():
        return None
    try:
        choice = msgspec.json.decode(read_file(path), type=Choice)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{path} is damaged: {error}; run `parley model check --gate`") from error
    return choice.engine if choice.digest == read_manifest(model_dir).digest else None


def write_choice(model_dir: Path, engine: str) -> None:
    """Store the chosen engine next to the model, for every worker that starts from now on."""
    content = msgspec.json.format(
        msgspec.json.encode(Choice(read_manifest(model_dir).digest, engine)), indent=2
    )
    scratch = model_dir / f".{CHOICE}.tmp"
    try:
        scratch.write_bytes(content + b"\n")
        scratch.replace(model_dir / CHOICE)
    except OSError as error:
        raise ModelError(f"the choice cannot be stored in {model_dir}: {error.strerror}") from error
