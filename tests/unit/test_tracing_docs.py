"""docs/tracing.md names every span and attribute, and a trace can be drawn."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from infra.bench.trace_picture import draw, read_spans
from shared.tracing import names

ROOT = Path(__file__).parent.parent.parent
TRACE_ID, BATCH_TRACE_ID = "a" * 32, "b" * 32


def rows(heading: str) -> set[str]:
    """Return the names in the first column of the table below a heading row."""
    page = (ROOT / "docs" / "tracing.md").read_text()
    table = page.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    first = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def constants() -> set[str]:
    return {value for name, value in vars(names).items() if name.isupper()}


def test_every_attribute_is_explained_and_none_that_is_not() -> None:
    assert rows("attribute") == {name for name in constants() if "." in name}


def test_every_span_is_explained_and_none_that_is_not() -> None:
    explained = rows("span") - {"POST /chat"}
    assert explained == {name for name in constants() if "." not in name}


def span(name: str, own: str, parent: str, start: int, **more: Any) -> dict[str, Any]:
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 5_000_000)}
    return {"name": name, "traceId": TRACE_ID, "spanId": own, "parentSpanId": parent} | times | more


def test_a_trace_is_drawn_with_its_batch_and_whatever_its_names_are() -> None:
    batch = {"traceId": BATCH_TRACE_ID, "links": [{"traceId": TRACE_ID, "spanId": "02"}]}
    spans = [
        span("engine", "03", "02", 3_000_000),
        span("process <inference>", "02", "01", 2_000_000, status={"code": 2}),
        span("POST /chat", "01", "99", 1_000_000),
        span("batch inference", "04", "", 3_000_000, **batch),
        span("another", "05", "", 1, traceId="c" * 32),
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "a & b"}}]}
    line = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
    picture = ElementTree.fromstring(draw(list(read_spans([line]))))  # noqa: S314 - our own
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    order = ["POST /chat", "process <inference>", "engine", "batch inference"]
    assert [text for text in texts if text in order] == order
    assert "another" not in texts
    assert "a & b" in texts
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) == 1
