"""Write what editors accepted in the desk into the files of a base, and leave the rest as it is.

What a person wrote stays, comments included: entries are appended, wordings inserted as lines. The
files are read again afterwards; if they do not say what they should, they are put back.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.drafts import Draft
from shared.errors import KnowledgeError
from workers.drafts import Outcomes, merge
from workers.knowledge.base import Entry, KnowledgeBase
from workers.knowledge.files import YAML, base_files
from workers.knowledge.loader import read, read_file
from workers.knowledge.schema import Placed
from workers.modelling.knowledge.csv_import import NEXT_LINE, to_yaml

ACCEPTED = "accepted.yaml"
_ITEM = re.compile(r"(\s*)- \S")
_KEY = re.compile(r"(\s+)(?:question|answer|tags):")
_HEAD = "# Accepted in the desk; written by `parley kb accepted --write`.\n"


@dataclass(frozen=True, slots=True)
class WrittenDrafts:
    """Which files were changed, and the drafts (by id) that these now hold.

    `by_hand` are entries whose file is not written in a form that wordings can be added to.
    """

    files: Sequence[Path]
    drafts: Sequence[str]
    by_hand: Sequence[str]
    outcomes: Outcomes


def write_drafts(path: Path, drafts: Sequence[Draft]) -> WrittenDrafts:
    """Write drafts into the base in a file or folder; raise KnowledgeError, and change nothing."""
    reading = read(path)
    if reading.faults:
        raise KnowledgeError("\n".join(map(str, reading.faults)))
    placed = _placed(path)
    by_hand = [entry for entry in _extended(reading.base, drafts) if not _can_extend(placed[entry])]
    taken = [each for each in drafts if each.entry not in by_hand]
    merged, outcomes = merge(reading.base, taken)
    texts = _new_texts(path, reading.base, merged, placed)
    _replace(path, texts, merged)
    held = [each.id for each in taken if outcomes[each.id].state != "refused"]
    return WrittenDrafts(list(texts), held, by_hand, outcomes)


def _placed(path: Path) -> Mapping[str, Placed]:
    parts = (read_file(file) for file in base_files(path).files)
    return {each.entry.id: each for part in parts for each in part.placed}


def _extended(base: KnowledgeBase, drafts: Sequence[Draft]) -> list[str]:
    """Return the ids of those entries in files that drafts add wordings to."""
    known = {entry.id: entry for entry in base.entries}
    merged, _ = merge(base, drafts)
    return [each.id for each in merged.entries if each.id in known and each != known[each.id]]


def _can_extend(placed: Placed) -> bool:
    try:
        return _with_wordings(placed, ("a",), placed.file.read_bytes().decode()) is not None
    except UnicodeDecodeError:
        return False


def _new_texts(
    path: Path, base: KnowledgeBase, merged: KnowledgeBase, placed: Mapping[str, Placed]
) -> dict[Path, str]:
    """Return the files that change, as they will be. Entries further down a file change first."""
    known = {entry.id: entry for entry in base.entries}
    changed = [each for each in merged.entries if each.id in known and each != known[each.id]]
    texts: dict[Path, str] = {}
    for each in sorted(changed, key=lambda entry: -placed[entry.id].line):
        file = placed[each.id].file
        text = texts.get(file) or file.read_bytes().decode()
        fresh = [wording for wording in each.phrasings if wording not in known[each.id].phrasings]
        texts[file] = _with_wordings(placed[each.id], fresh, text) or text
    if fresh_entries := [each for each in merged.entries if each.id not in known]:
        target = path / ACCEPTED if path.is_dir() else path
        before = texts.get(target) or (target.read_bytes().decode() if target.exists() else _HEAD)
        texts[target] = _with_entries(target, fresh_entries, before)
    return texts


def _with_entries(target: Path, entries: Sequence[Entry], before: str) -> str:
    start = before if before.endswith("\n") or not before else before + "\n"
    if target.suffix.lower() in YAML:
        return start + to_yaml(entries)
    rows = (
        {"id": e.id, "question": e.question, "answer": e.answer, "phrasings": e.phrasings}
        for e in entries
    )
    return start + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _with_wordings(placed: Placed, wordings: Sequence[str], text: str) -> str | None:
    """Return a file's text with further wordings of an entry; None if its form forbids that."""
    lines = text.split("\n")
    if placed.file.suffix.lower() not in YAML:
        return _in_row(lines, placed.line - 1, wordings)
    quoted = [_quoted(wording) for wording in wordings]
    phrasings = [line for _, line in placed.phrasing_lines[1:]]
    if phrasings:  # before the first one: what follows the last may belong to it
        place = min(phrasings) - 1
        item = _ITEM.match(lines[place])
        if not item or place < placed.line:  # all on one line
            return None
        fresh = [f"{item[1]}- {each}" for each in quoted]
    else:
        places = range(placed.line - 1, len(lines))
        place, key = next(
            ((n, _KEY.match(lines[n])) for n in places if _KEY.match(lines[n])), (0, None)
        )
        if not key:
            return None
        fresh = [f"{key[1]}phrasings:", *(f"{key[1]}  - {each}" for each in quoted)]
    end = "\r" if lines[place].endswith("\r") else ""
    return "\n".join([*lines[:place], *(line + end for line in fresh), *lines[place:]])


def _quoted(wording: str) -> str:
    """Write a text as JSON that is YAML too, which takes one more character for a break."""
    return json.dumps(wording, ensure_ascii=False).replace(NEXT_LINE, "\\u0085")


def _in_row(lines: list[str], place: int, wordings: Sequence[str]) -> str | None:
    """Return JSON lines with further wordings in one of them."""
    try:
        row = json.loads(lines[place])
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    row["phrasings"] = [*row.get("phrasings", ()), *wordings]
    return "\n".join([*lines[:place], json.dumps(row, ensure_ascii=False), *lines[place + 1 :]])


def _replace(path: Path, texts: Mapping[Path, str], wanted: KnowledgeBase) -> None:
    before = {file: file.read_bytes() if file.exists() else None for file in texts}
    try:
        for file, text in texts.items():
            _write(file, text.encode())
        _require_said(path, wanted)
    except OSError as fault:
        _put_back(before)
        raise KnowledgeError(f"{fault.filename} cannot be written: {fault.strerror}.") from None
    except KnowledgeError:
        _put_back(before)
        raise


def _require_said(path: Path, wanted: KnowledgeBase) -> None:
    found = read(path)
    if found.faults:
        raise KnowledgeError(f"The files were left as they are: {found.faults[0]}.")
    would, should = _said(found.base), _said(wanted)
    if others := [
        name for name in should.keys() | would.keys() if would.get(name) != should.get(name)
    ]:
        named = ", ".join(sorted(others)[:5])
        raise KnowledgeError(
            f"The files were left as they are: they would say something else of {named}. "
            "Take that back in the desk, or write it by hand."
        )


def _put_back(before: Mapping[Path, bytes | None]) -> None:
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        elif file.read_bytes() != content:
            _write(file, content)


def _write(file: Path, content: bytes) -> None:
    partial = file.with_name(f".{file.name}.part")
    partial.write_bytes(content)
    partial.replace(file)


def _said(base: KnowledgeBase) -> dict[str, tuple[object, ...]]:
    """Return what a base says, in whatever order its files say it."""
    return {
        each.id: (each.question, each.answer.strip(), frozenset(each.phrasings), each.handover)
        for each in base.entries
    }
