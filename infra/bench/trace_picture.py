"""Draw one trace as a waterfall, from a file of OTLP in JSON lines.

python -m infra.bench.trace_picture TRACES.jsonl PICTURE.svg [TRACE_ID]

The file is what the file exporter of OpenTelemetry's collector writes. Without a trace id the
trace with the most spans is drawn.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import msgspec

_WIDTH, _LABELS, _MARGIN = 1200, 300, 28
_ROW, _TOP, _BAR = 26, 116, 14
_TICKS = 6
_COLOURS = {
    "parley-gateway": "#2f6fdb",
    "parley-inference": "#16836a",
    "parley-inference-large": "#8250c4",
    "parley-generation": "#b3365c",
    "parley-sentiment": "#c26a00",
}
_OTHER_COLOUR = "#6b7280"
_STYLE = """
text { font: 13px 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif; fill: #1f2937 }
.title { font-size: 19px; font-weight: 600 } .faint { fill: #5b6472; font-size: 12px }
.faint { paint-order: stroke; stroke: #fff; stroke-width: 4px }
.strong { font-weight: 600 } .grid { stroke: #e3e7ee } .link { fill: none; stroke-dasharray: 3 3 }
"""


@dataclass(frozen=True, slots=True)
class DrawnSpan:
    """What is drawn of a span; times are nanoseconds."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    linked: tuple[str, ...]
    is_error: bool

    @property
    def colour(self) -> str:
        """Return the colour of its service."""
        return _COLOURS.get(self.service, _OTHER_COLOUR)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    span: DrawnSpan
    depth: int


def read_spans(lines: Sequence[str]) -> Iterator[DrawnSpan]:
    """Yield the spans of OTLP in JSON lines."""
    for line in lines:
        for resource in msgspec.json.decode(line)["resourceSpans"]:
            service = _attributes(resource["resource"]).get("service.name", "")
            for scope in resource["scopeSpans"]:
                yield from (_drawn(span, service) for span in scope["spans"])


def draw(spans: Sequence[DrawnSpan], trace_id: str | None = None) -> str:
    """Return the waterfall of a trace, and of the batches that are linked with it, as SVG."""
    chosen = trace_id or _largest(spans)
    own = [span for span in spans if span.trace_id == chosen]
    ids = {span.span_id for span in own}
    batches = [span for span in spans if span.trace_id != chosen and ids.intersection(span.linked)]
    rows = list(_tree(own, {span.parent_id for span in own} - ids))
    below = [Row(span, 0) for span in sorted(batches, key=lambda span: span.start)]
    return _svg(chosen, rows, below)


def _largest(spans: Sequence[DrawnSpan]) -> str:
    traces = [span.trace_id for span in spans]
    return max(traces, key=traces.count)


def _tree(spans: Sequence[DrawnSpan], parents: set[str], depth: int = 0) -> Iterator[Row]:
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.parent_id in parents:
            yield Row(span, depth)
            yield from _tree(spans, {span.span_id}, depth + 1)


def _svg(trace_id: str, rows: Sequence[Row], batches: Sequence[Row]) -> str:
    spans = [row.span for row in (*rows, *batches)]
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    scale = (_WIDTH - _LABELS - _MARGIN - 110) / (end - start)
    gap = 44 if batches else 0
    tops = [_TOP + _ROW * number for number in range(len(rows))]
    batch_tops = [_TOP + _ROW * (len(rows) + number) + gap for number in range(len(batches))]
    height = _TOP + _ROW * len(spans) + gap + 24

    def x(time: int) -> float:
        return _LABELS + (time - start) * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="Waterfall of one trace">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" rx="10" fill="#ffffff"/>',
        *_head(trace_id, rows[0].span, spans),
        *_axis(end - start, height, scale),
        *_links(rows, tops, batches, batch_tops, x),
        *(part for row, top in zip(rows, tops, strict=True) for part in _bar(row, top, x)),
        *_batch_title(batch_tops),
        *(part for row, top in zip(batches, batch_tops, strict=True) for part in _bar(row, top, x)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(trace_id: str, root: DrawnSpan, spans: Sequence[DrawnSpan]) -> Iterator[str]:
    took = _shown(root.end - root.start)
    yield _text(_MARGIN, 40, f"{root.name} · {took}", "title")
    yield _text(_LABELS, 39, f"trace {trace_id}", "faint")
    left = _LABELS
    for service in dict.fromkeys(span.service for span in spans):
        colour = _COLOURS.get(service, _OTHER_COLOUR)
        yield f'<rect x="{left}" y="51" width="11" height="11" rx="3" fill="{colour}"/>'
        yield _text(left + 17, 61, service, "faint")
        left += 44 + int(6.5 * len(service))


def _axis(duration: int, height: int, scale: float) -> Iterator[str]:
    step = _round_step(duration / _TICKS)
    for number in range(int(duration / step) + 1):
        left = _LABELS + number * step * scale
        yield f'<line class="grid" x1="{left:.1f}" x2="{left:.1f}" y1="98" y2="{height - 20}"/>'
        yield _text(left, 91, _shown(number * step), "faint", anchor="middle")


def _round_step(least: float) -> int:
    power: int = 10 ** (len(str(int(least))) - 1)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)


def _bar(row: Row, top: float, x: Any) -> Iterator[str]:
    span = row.span
    left, width = x(span.start), max(2.0, x(span.end) - x(span.start))
    style = "strong" if span.name.split(" ")[0] in ("process", "POST", "batch") else ""
    yield _text(_MARGIN + 16 * row.depth, top + 12, span.name, style)
    stroke = ' stroke="#c62828" stroke-width="2"' if span.is_error else ""
    solid = "1" if style else "0.62"
    yield (
        f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="3" '
        f'fill="{span.colour}" fill-opacity="{solid}"{stroke}/>'
    )
    told = " · ".join((_shown(span.end - span.start), *_details(span)))
    yield _text(left + width + 7, top + 11.5, told, "faint")


def _details(span: DrawnSpan) -> Iterator[str]:
    count = span.attributes.get("messaging.batch.message_count")
    if count is not None:
        plural = "" if int(count) == 1 else "s"
        yield f"{count} message{plural}, {span.attributes.get('parley.tokens')} tokens"
    outcome = span.attributes.get("parley.outcome")
    if outcome is not None:
        yield str(outcome).replace("_", " ")


def _batch_title(tops: Sequence[float]) -> Iterator[str]:
    if tops:
        yield _text(_MARGIN, tops[0] - 14, "linked traces: the batches it was part of", "faint")


def _links(
    rows: Sequence[Row],
    tops: Sequence[float],
    batches: Sequence[Row],
    batch_tops: Sequence[float],
    x: Any,
) -> Iterator[str]:
    """Draw a curve from each message's run in the engine to its batch."""
    for batch, batch_top in zip(batches, batch_tops, strict=True):
        for row, top in zip(rows, tops, strict=True):
            if row.span.name == "engine" and row.span.parent_id in batch.span.linked:
                left = x(max(row.span.start, batch.span.start)) + 5
                middle = (top + _BAR + batch_top) / 2
                yield (
                    f'<path class="link" stroke="{row.span.colour}" d="M{left:.1f} {top + _BAR} '
                    f"C{left - 22:.1f} {middle:.1f} {left - 22:.1f} {middle:.1f} "
                    f'{left:.1f} {batch_top}"/>'
                )


def _text(left: float, top: float, text: str, style: str, anchor: str = "start") -> str:
    return (
        f'<text x="{left:.1f}" y="{top}" class="{style}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _shown(nanoseconds: int) -> str:
    milliseconds = nanoseconds / 1e6
    if milliseconds == 0:
        return "0"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"


def _drawn(span: Mapping[str, Any], service: str) -> DrawnSpan:
    return DrawnSpan(
        name=span["name"],
        service=service,
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent_id=span.get("parentSpanId", ""),
        start=int(span["startTimeUnixNano"]),
        end=int(span["endTimeUnixNano"]),
        attributes=_attributes(span),
        linked=tuple(link["spanId"] for link in span.get("links", ())),
        is_error=span.get("status", {}).get("code") in (2, "STATUS_CODE_ERROR"),
    )


def _attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {
        each["key"]: next(iter(each["value"].values()), None)
        for each in holder.get("attributes", ())
    }


def main() -> None:
    """Draw what the command line names."""
    source, target, *rest = sys.argv[1:]
    spans = list(read_spans(Path(source).read_text(encoding="utf-8").splitlines()))
    Path(target).write_text(draw(spans, *rest), encoding="utf-8")


if __name__ == "__main__":
    main()
