"""Read by Schemathesis: a pattern in a form that it does not unfold."""

from typing import Any

import schemathesis

from shared.visible_text import VISIBLE


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Say "a visible character is in it" as a lookahead, which means the same.

    Of the plain class and `maxLength: 20000` Schemathesis makes one class that is repeated 20,000
    times, hundreds of megabytes in the validator, and tries texts of visible characters alone.
    """
    _look_ahead(raw_schema)


def _look_ahead(node: object) -> None:
    if isinstance(node, dict):
        if node.get("pattern") == VISIBLE:
            node["pattern"] = f"(?={VISIBLE})"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            _look_ahead(part)
