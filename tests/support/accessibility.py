"""What axe-core finds wrong with the page that a browser shows."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.browser import Browser

_PACKAGE = "axe_playwright_python"  # carries axe-core as one file; its Playwright is not used
# Levels A and AA of WCAG 2.0 to 2.2, and what axe-core recommends beyond them.
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that the page breaks; `nodes` are the selectors of the elements, with the reasons."""

    id: str
    impact: str
    help: str
    nodes: tuple[str, ...]


def find_violations(browser: Browser, *, rules: tuple[str, ...] = _RULES) -> list[Violation]:
    """Return what axe-core finds in the page as it is now, its open shadow trees included.

    Transitions should be over: half a fade has half the contrast. The script comes over DevTools,
    for which a page's Content-Security-Policy does not count.
    """
    if browser.evaluate("typeof axe") == "undefined":
        browser.evaluate(f"{_axe()};0")
    options = {"runOnly": {"type": "tag", "values": list(rules)}, "resultTypes": ["violations"]}
    found = browser.evaluate(f"axe.run({json.dumps(options)}).then((told) => told.violations)")
    return [_read(each) for each in found]


def _read(found: dict[str, Any]) -> Violation:
    nodes = tuple(
        f"{json.dumps(node['target'])}: {node['failureSummary']}" for node in found["nodes"]
    )
    return Violation(found["id"], found["impact"], found["help"], nodes)


@cache
def _axe() -> str:
    """Return the script of axe-core, found without importing the package."""
    spec = find_spec(_PACKAGE)
    assert spec is not None, f"{_PACKAGE} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).with_name("axe.min.js").read_text("utf-8")
