"""Traces that stay in memory."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.tracing.otlp import OtlpTracer

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class MemoryTraces:
    """A tracer, and what it has recorded."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        processor = SimpleSpanProcessor(self._exporter)
        self.tracer = OtlpTracer(processor, Resource({}), ratio)

    @property
    def spans(self) -> list[ReadableSpan]:
        """Return the spans that have ended, in that order."""
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        """Return the one span of a name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found

    def below(self, span: ReadableSpan) -> list[str]:
        """Return the names of a span's children, in the order of their beginning."""
        own = id_of(span)
        children = [each for each in self.spans if each.parent and each.parent.span_id == own]
        return [each.name for each in sorted(children, key=lambda each: each.start_time or 0)]


def id_of(span: ReadableSpan) -> int:
    """Return a span's id."""
    assert span.context
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> str:
    """Return the id of a span's trace, in hexadecimal digits."""
    assert span.context
    return f"{span.context.trace_id:032x}"
