"""Which processes descend from which, and whether they are alive (Linux: reads /proc)."""

from pathlib import Path

_PROC = Path("/proc")


def family(pid: int) -> set[int]:
    """Return every process that descends from this one."""
    parents = {int(path.name): _parent(path) for path in _PROC.glob("[0-9]*")}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def children(pid: int) -> set[int]:
    """Return the processes that this one started itself."""
    return {child for child in family(pid) if _parent(_PROC / str(child)) == pid}


def none_alive(pids: set[int]) -> bool:
    """Tell whether all are gone; a zombie counts as gone."""
    return all(_fields(_PROC / str(pid))[:1] in ([], ["Z"], ["X"]) for pid in pids)


def command(pid: int) -> str:
    """Return a process's command, its words separated by spaces."""
    try:
        return (_PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _parent(path: Path) -> int:
    fields = _fields(path)
    return int(fields[1]) if fields else -1


def _fields(path: Path) -> list[str]:
    """Return what follows the name in /proc/PID/stat: state, parent, …"""
    try:
        return path.joinpath("stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
