"""Read a knowledge base from YAML, JSON lines or a folder of them, and say all that is wrong."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.errors import KnowledgeError
from workers.knowledge import records
from workers.knowledge.base import Fault, KnowledgeBase, plain
from workers.knowledge.records import Located, SyntaxFault
from workers.knowledge.schema import EntryReader, Placed

DEMO = Path(__file__).parent / "demo"
SMALLTALK = Path(__file__).parent / "smalltalk.yaml"
_YAML = (".yaml", ".yml")
_SUFFIXES = (*_YAML, ".jsonl")


def load(path: Path) -> KnowledgeBase:
    """Return the base in a file or folder; raise KnowledgeError that lists every fault.

    Each line of the error reads FILE:LINE: FAULT.
    """
    placed, faults = _read(path)
    if faults:
        raise KnowledgeError("\n".join(map(str, faults)))
    return KnowledgeBase(tuple(item.entry for item in placed))


def check(path: Path) -> list[Fault]:
    """Return every fault of a file or folder, in the order of files and lines."""
    return _read(path)[1]


def _read(path: Path) -> tuple[list[Placed], list[Fault]]:
    files = list(_files(path))
    if not files:
        kinds = ", ".join(_SUFFIXES)
        what = f"holds no {kinds} file" if path.is_dir() else f"is no {kinds} file or folder"
        return [], [Fault(path, 0, what)]
    placed: list[Placed] = []
    faults: list[Fault] = []
    for file in files:
        found, wrong = read_file(file)
        placed += found
        faults += wrong
    faults += duplicates(placed)
    if not placed and not faults:
        faults.append(Fault(path, 0, "has no entries"))
    return placed, sorted(faults)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        return iter([path] if path.suffix.lower() in _SUFFIXES else [])
    found = (file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
    shown = (file for file in found if not file.name.startswith("."))
    return iter(sorted(file for file in shown if file.is_file()))


def read_file(file: Path) -> tuple[list[Placed], list[Fault]]:
    """Return the entries and the faults of one file."""
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
    return [entry for entry in entries if entry], faults + reader.faults


def _records(file: Path) -> Iterable[Located | SyntaxFault]:
    text = records.decode(file.read_bytes())
    if file.suffix.lower() in _YAML:
        return records.read_yaml(text)
    return records.read_jsonl(text)


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
