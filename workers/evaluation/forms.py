"""From the rows of a file to a labelled set: the fields of a row say what form it has.

| form | fields |
|---|---|
| message and entry | `text` or `question`, `gold` or `entry`: an id, several, or null for none |
| message without an answer | `question`, `plausible` |
| message and intent | `text`, `label`; `oos` or null for none |
| message and tone | `text`, `label`: negative, neutral or positive in the whole file |
| pair | `a`, `b`, `same` |
| dialogue | `turns` of `user`, `entry`, `kind`, `choice`, `context`, `reask` |
| dialogue, not labelled | `turns` of `speaker`, `utterance`; or `history` of [U or S, text] |
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from shared.errors import EvaluationError
from shared.jobs import AnswerKind
from workers.evaluation.labelled import (
    Choice,
    Dialogue,
    LabelledSet,
    Pair,
    Question,
    ToneExample,
    Turn,
)
from workers.evaluation.rows import Row, RowFault, convert, flag_of, ids_of, read_rows, text_of

OUT_OF_SCOPE = "oos"
TONES = frozenset({"negative", "neutral", "positive"})
_GOLD = ("gold", "entry")


def read_set(files: Iterable[Path], split: str | None = None) -> LabelledSet:
    """Return what all files hold together; EvaluationError lists the faults of the first bad one.

    With `split`, only rows whose field `split` has this value count.
    """
    whole = LabelledSet()
    for file in files:
        rows = read_rows(file)
        if split is not None:
            rows = [row for row in rows if row.values.get("split") == split]
            if not rows:
                raise EvaluationError(f"{file} has no row whose split is {split}.")
        whole = whole + _read(rows)
    return whole


def _read(rows: Sequence[Row]) -> LabelledSet:
    fields = rows[0].values.keys()
    if "turns" in fields or "history" in fields:
        return LabelledSet(dialogues=convert(rows, _dialogue))
    if "same" in fields:
        return LabelledSet(pairs=convert(rows, _pair))
    if "label" in fields and {row.values.get("label") for row in rows} <= TONES:
        return LabelledSet(tones=convert(rows, _tone))
    return LabelledSet(questions=convert(rows, _question))


def _question(row: Row) -> Question:
    text = text_of(row, "text", "question")
    for name in _GOLD:
        if name in row.values:
            return Question(text, ids_of(row, name), f"{row.file}:{row.line}")
    if "label" in row.values:
        return Question(text, ids_of(row, "label") - {OUT_OF_SCOPE}, f"{row.file}:{row.line}")
    if "plausible" in row.values:
        return Question(text, frozenset())
    known = ", ".join(sorted(row.values))
    raise RowFault(f"nothing says what is right: gold, entry or label is needed, not {known}")


def _tone(row: Row) -> ToneExample:
    return ToneExample(text_of(row, "text"), text_of(row, "label"))


def _pair(row: Row) -> Pair:
    return Pair(text_of(row, "a"), text_of(row, "b"), flag_of(row, "same"))


def _dialogue(row: Row) -> Dialogue:
    turns = row.values.get("turns", row.values.get("history"))
    if not isinstance(turns, list) or not turns:
        raise RowFault("turns must be a list that is not empty")
    read = [turn for turn in (_turn(row, each) for each in turns) if turn]
    if not read:
        raise RowFault("no turn is a person's")
    return Dialogue(tuple(read))


def _turn(row: Row, turn: Any) -> Turn | None:
    """Return a person's turn, None for another's."""
    if isinstance(turn, list) and len(turn) == 2:
        return _spoken(row, turn[1]) if turn[0] == "U" else None
    if not isinstance(turn, dict):
        raise RowFault(f"a turn needs user, or speaker and utterance; this is {turn!r:.60}")
    if "utterance" in turn:
        return _spoken(row, turn["utterance"]) if turn.get("speaker") == "USER" else None
    fields = Row(row.file, row.line, turn)
    return Turn(
        text_of(fields, "user"),
        ids_of(fields, "entry"),
        _one_of(turn, "kind", get_args(AnswerKind)),
        _one_of(turn, "choice", get_args(Choice)),
        flag_of(fields, "context"),
        flag_of(fields, "reask"),
    )


def _spoken(row: Row, text: object) -> Turn:
    return Turn(text_of(Row(row.file, row.line, {"utterance": text}), "utterance"))


def _one_of(turn: dict[str, Any], name: str, allowed: Sequence[Any]) -> Any:
    value = turn.get(name)
    if value is not None and value not in allowed:
        raise RowFault(f"{name} must be one of {', '.join(allowed)}, not {value!r:.60}")
    return value
