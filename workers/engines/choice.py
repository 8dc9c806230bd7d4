"""`gate.json`: which engine was chosen for a built model, and for which machine."""

import os
from pathlib import Path

import msgspec

from shared.errors import ModelError
from workers.engines.files import read_file
from workers.engines.manifest import read_manifest

CHOICE = "gate.json"


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The engine that was chosen, for the model of this digest on machines of this name alone."""

    digest: str
    engine: str
    machine: str = ""


def read_choice(model_dir: Path, machine: str) -> str | None:
    """Return the chosen engine's name; None if none was chosen for this model on such a machine.

    ModelError if the file is damaged.
    """
    path = model_dir / CHOICE
    if not path.exists():
        return None
    try:
        choice = msgspec.json.decode(read_file(path), type=Choice)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{path} is damaged: {error}; run `parley model check --gate`") from error
    here = (read_manifest(model_dir).digest, machine)
    return choice.engine if (choice.digest, choice.machine) == here else None


def write_choice(model_dir: Path, engine: str, machine: str) -> None:
    """Store the chosen engine next to the model, for every worker that starts from now on."""
    choice = Choice(read_manifest(model_dir).digest, engine, machine)
    content = msgspec.json.format(msgspec.json.encode(choice), indent=2)
    scratch = model_dir / f".{CHOICE}.{os.getpid()}.tmp"  # several workers may choose at once
    try:
        scratch.write_bytes(content + b"\n")
        scratch.replace(model_dir / CHOICE)
    except OSError as error:
        raise ModelError(f"the choice cannot be stored in {model_dir}: {error.strerror}") from error
