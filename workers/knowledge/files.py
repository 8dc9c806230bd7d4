"""Which files make a knowledge base: those of a folder, each real file once, a tenant's apart.

Folders may be mounts of Kubernetes' ConfigMaps (`faq.yaml -> ..data/faq.yaml`), checkouts or what
an editor works in: what is hidden, and editors' own files, are no part of a base.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.tenants import is_tenant_name
from workers.knowledge.base import Fault

YAML = (".yaml", ".yml")
SUFFIXES = (*YAML, ".jsonl")
TENANTS = "tenants"
_OTHER_TABLES = (".csv", ".tsv", ".json", ".ndjson", ".xls", ".xlsx", ".ods")
_NOT_SHOWN = (".", "#", "~$")  # hidden; of Emacs; of Office
_BACKUP = "~"

Signature = tuple[tuple[str, int, int, int, int, int], ...]
"""Path, device, inode, size and times of each file; equal ones were not changed in between."""


@dataclass(frozen=True, slots=True)
class BaseFiles:
    """The files of one base in order, what keeps them from being read, and what is left out."""

    files: tuple[Path, ...]
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def base_files(path: Path) -> BaseFiles:
    """Return the files of a base, which may be one file; those of tenants are no part of it."""
    if not path.is_dir():
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            return BaseFiles((path,))
        what = f"is no {', '.join(SUFFIXES)} file or folder{_hint(path)}"
        return BaseFiles((), (Fault(path, 0, what),))
    found = list(_walk(path, path / TENANTS, set()))
    files = tuple(each for each in found if isinstance(each, Path))
    taken = _each_once(file for file in files if file.suffix.lower() in SUFFIXES)
    return BaseFiles(
        taken,
        tuple(each for each in found if isinstance(each, Fault)),
        tuple(_left_out(file) for file in files if file.suffix.lower() in _OTHER_TABLES),
    )


def tenant_folders(path: Path) -> tuple[Mapping[str, Path], list[Fault]]:
    """Return each tenant's folder by name, and a fault for whatever else lies among them."""
    folder = path / TENANTS
    if not folder.is_dir():
        return {}, []
    folders: dict[str, Path] = {}
    faults: list[Fault] = []
    try:
        shown = _shown(folder)
    except OSError as error:
        return {}, [_unreadable(folder, error)]
    for each in shown:
        found = folder / each.name
        if _holds(each.is_dir) and is_tenant_name(each.name):
            folders[each.name] = found
        elif _holds(each.is_dir):
            faults.append(Fault(found, 0, "is no name of a tenant: 1-63 of a-z 0-9 -"))
        elif found.suffix.lower() in SUFFIXES:
            faults.append(Fault(found, 0, f"is no tenant's; move it to {TENANTS}/NAME/"))
    return folders, faults


def signature(path: Path) -> Signature:
    """Return what tells whether any file of a base, or of a tenant's, is another one by now."""
    if not path.is_dir():
        return (_state(path),)
    found = (each for each in _walk(path, None, set()) if isinstance(each, Path))
    files = (file for file in found if file.suffix.lower() in SUFFIXES)
    tenants = "/".join(tenant_folders(path)[0])  # an empty folder takes the shared base away
    return ((tenants, 0, 0, 0, 0, 0), *map(_state, files))


def _state(file: Path) -> tuple[str, int, int, int, int, int]:
    try:
        state = file.stat()
    except OSError:
        return str(file), 0, 0, 0, 0, 0
    times = state.st_mtime_ns, state.st_ctime_ns
    return str(file), state.st_dev, state.st_ino, state.st_size, *times


def _walk(
    folder: Path, left_out: Path | None, entered: set[tuple[int, int]]
) -> Iterator[Path | Fault]:
    """Yield the shown files below a folder, in order; each real folder is entered once."""
    try:
        state, shown = folder.stat(), _shown(folder)
    except OSError as error:
        yield _unreadable(folder, error)
        return
    if (state.st_dev, state.st_ino) in entered:
        return
    entered.add((state.st_dev, state.st_ino))
    for each in shown:
        path = folder / each.name
        if _holds(each.is_dir):
            if path != left_out:
                yield from _walk(path, left_out, entered)
        elif _holds(each.is_file) or (each.is_symlink() and not _holds(path.exists)):
            yield path  # of a link to nothing reading it tells


def _holds(test: Callable[[], bool]) -> bool:
    try:
        return test()
    except OSError:  # a link that leads to itself, or where nobody may look
        return False


def _shown(folder: Path) -> list["os.DirEntry[str]"]:
    """Return what a folder shows, in order of the names."""
    with os.scandir(folder) as entries:
        shown = [
            each
            for each in entries
            if not each.name.startswith(_NOT_SHOWN) and not each.name.endswith(_BACKUP)
        ]
    return sorted(shown, key=lambda each: each.name)


def _unreadable(folder: Path, error: OSError) -> Fault:
    return Fault(folder, 0, f"cannot be read: {error.strerror}")


def _each_once(files: Iterator[Path]) -> tuple[Path, ...]:
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(os.path.realpath(file), file)
    return tuple(first.values())


def _left_out(file: Path) -> Fault:
    return Fault(file, 0, f"is not read: only {', '.join(SUFFIXES)} files are{_hint(file)}")


def _hint(file: Path) -> str:
    return "; `parley kb import` makes one of a CSV file" if file.suffix.lower() == ".csv" else ""
