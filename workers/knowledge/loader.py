"""Read a knowledge base from YAML, JSON lines or a folder of them, and say all that is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import KnowledgeError
from workers.knowledge.base import Fault, KnowledgeBase, plain
from workers.knowledge.decoding import decode
from workers.knowledge.files import SUFFIXES, YAML, base_files, tenant_folders
from workers.knowledge.json_records import read_json
from workers.knowledge.records import Located, SyntaxFault
from workers.knowledge.schema import EntryReader, Placed
from workers.knowledge.yaml_records import read_yaml

DEMO = Path(__file__).parent / "demo"
SMALLTALK = Path(__file__).parent / "smalltalk.yaml"
_NO_ENTRIES = "has no entries"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one base is, what is wrong in it, and what may not be meant as it is written.

    Faults and warnings are in the order of files and lines. With a fault the base is without what
    has it and must not be used.
    """

    path: Path
    base: KnowledgeBase
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """The shared base, and those of tenants that have one of their own.

    `shared` is None if there are only tenants' bases. `faults` are those of the tenants' folder.
    """

    shared: Reading | None
    tenants: Mapping[str, Reading]
    faults: tuple[Fault, ...] = ()


def load(path: Path) -> KnowledgeBase:
    """Return the base in a file or folder; raise KnowledgeError that lists every fault.

    Each line of the error reads FILE:LINE: FAULT.
    """
    reading = read(path)
    if reading.faults:
        raise KnowledgeError("\n".join(map(str, reading.faults)))
    return reading.base


def read(path: Path) -> Reading:
    """Read the base in a file or folder, without those of tenants."""
    found = base_files(path)
    if not found.files and not found.faults:
        what = f"holds no {', '.join(SUFFIXES)} file"
        return Reading(path, KnowledgeBase(()), (Fault(path, 0, what),), found.warnings)
    parts = [read_file(file) for file in found.files]
    placed = [item for part in parts for item in part.placed]
    faults = [*found.faults, *(fault for part in parts for fault in part.faults)]
    faults += duplicates(placed)
    empty = [Fault(part.file, 0, _NO_ENTRIES) for part in parts if not (part.placed or part.faults)]
    if not placed and not faults:
        faults, empty = [Fault(path, 0, _NO_ENTRIES)], []
    told = (warning for part in parts for warning in part.warnings)
    warnings = [*found.warnings, *empty, *told]
    base = KnowledgeBase(tuple(item.entry for item in placed))
    return Reading(path, base, _ordered(faults), _ordered(warnings))


def read_all(path: Path) -> Readings:
    """Read the shared base in a folder and those of its tenants, each with its own faults."""
    folders, faults = tenant_folders(path)
    tenants = {name: read(folder) for name, folder in folders.items()}
    shared = None if tenants and not _has_files(path) else read(path)
    return Readings(shared, tenants, tuple(faults))


def _has_files(path: Path) -> bool:
    found = base_files(path)
    return bool(found.files or found.faults)


def _ordered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(set(faults)))


@dataclass(frozen=True, slots=True)
class FileReading:
    """The entries of one file, its faults and its warnings."""

    file: Path
    placed: tuple[Placed, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def read_file(file: Path) -> FileReading:
    """Return the entries, the faults and the warnings of one file."""
    reader = EntryReader(file)
    faults: list[Fault] = []
    entries: list[Placed | None] = []
    try:
        for record in _records(file):
            if isinstance(record, SyntaxFault):
                faults.append(Fault(file, record.line, record.message))
            else:
                entries.append(reader.entry(record))
    except SyntaxFault as fault:
        faults.append(Fault(file, fault.line, fault.message))
    except OSError as error:
        faults.append(Fault(file, 0, f"cannot be read: {error.strerror}"))
    placed = tuple(entry for entry in entries if entry)
    return FileReading(file, placed, (*faults, *reader.faults), tuple(reader.warnings))


def _records(file: Path) -> Iterable[Located | SyntaxFault]:
    text = decode(file.read_bytes())
    return read_yaml(text) if file.suffix.lower() in YAML else read_json(text)


def duplicates(placed: Iterable[Placed]) -> list[Fault]:
    """Return a fault for each id given twice and each phrasing that two entries claim."""
    faults: list[Fault] = []
    ids: dict[str, Placed] = {}
    first_uses: dict[str, tuple[Placed, int]] = {}
    for item in placed:
        first = ids.setdefault(item.entry.id, item)
        if first is not item:
            message = f"id {item.entry.id} is already used in {first.file}:{first.line}"
            faults.append(Fault(item.file, item.line, message))
        for text, line in item.phrasing_lines:
            first_use, at = first_uses.setdefault(plain(text), (item, line))
            if first_use is not item:
                where = f"entry {first_use.entry.id} ({first_use.file}:{at})"
                faults.append(
                    Fault(item.file, line, f"{text[:80]!r} is also a phrasing of {where}")
                )
    return faults
