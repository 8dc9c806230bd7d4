"""The fields of a task, in the forms that clients write them in."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.errors import MalformedMessage

END_OF_TIME = 1e11  # Unix seconds; a client may have written any
_MAX_ID_BITS = 840  # 253 digits


def text_of_id(value: object) -> str | None:
    """Return an id as text: of an integer its digits, of kombu's UUIDs what they stand for."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= _MAX_ID_BITS else None
    if isinstance(value, dict) and value.get("__type__") == "uuid":
        written = value.get("__value__")
        try:
            return str(uuid.UUID(mapping_of(written).get("hex") or str(written)))
        except (ValueError, TypeError, AttributeError):
            return None
    return None


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return an object, empty in place of anything else."""
    return value if isinstance(value, dict) else {}


def args_of(value: object) -> Sequence[Any]:
    """Return the arguments without a name; raise MalformedMessage."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise MalformedMessage("args must be a list")
    return value


def kwargs_of(value: object) -> Mapping[str, Any]:
    """Return the arguments by name; raise MalformedMessage."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedMessage("kwargs must be an object")
    return value


def time_of(value: object, name: str) -> float | None:
    """Return a time of a header as Unix seconds; one without a zone is in UTC.

    Raise MalformedMessage, or ValueError where it is no date.
    """
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _plausible(value, name)
    if not isinstance(value, str):
        raise MalformedMessage(f"{name} must be a time as ISO 8601 has it")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).timestamp()
    try:
        return moment.astimezone(UTC).timestamp()
    except OverflowError as fault:  # what has no date in UTC could not be written again
        raise ValueError(f"{value} is beyond the calendar in UTC") from fault


def _plausible(seconds: float, name: str) -> float:
    if 0 <= seconds < END_OF_TIME:
        return float(seconds)
    raise MalformedMessage(f"{name} is no time")
