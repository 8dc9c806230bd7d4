"""Spans by OpenTelemetry's SDK, over OTLP/HTTP. The one module that imports it.

A span is put into a bounded queue when it ends, and a thread of its own sends it: a collector that
is slow or away costs spans, never time. The SDK reads the OTEL_* variables of its own.
"""

import logging
import os
import random
import threading
from collections.abc import Callable, Sequence
from typing import Self
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace import SpanKind as SdkKind
from opentelemetry.trace import Tracer as SdkTracer
from opentelemetry.trace.span import TraceState

from shared.outage_log import OutageLog
from shared.tracing.context import TraceContext
from shared.tracing.names import ERROR_TYPE
from shared.tracing.tracer import Attributes, Span, SpanKind, UnrecordedSpan

_log = logging.getLogger(__name__)
_CLOSE_SECONDS = 2.0
_TRACES_PATH = "/v1/traces"
_EMPTY = Context()  # nothing is ever taken from a thread's own context
_KINDS = {
    "server": SdkKind.SERVER,
    "producer": SdkKind.PRODUCER,
    "consumer": SdkKind.CONSUMER,
    "internal": SdkKind.INTERNAL,
}


class OtlpTracer:
    """Record spans and send them to a collector."""

    def __init__(
        self,
        processor: SpanProcessor,
        resource: Resource,
        ratio: float | None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; without a ratio the sampler that OTEL_TRACES_SAMPLER names decides.

        `give_up` lets an export that is under way end soon.
        """
        self._processor = processor
        self._give_up = give_up
        self._ratio = ratio
        # The core records all that is begun with it; the edge asks the SDK's sampler.
        self._core = _tracer(processor, resource, ALWAYS_ON)
        self._edge = _tracer(processor, resource, None) if ratio is None else self._core

    @classmethod
    def to_collector(cls, address: str, ratio: float, service: str) -> Self:
        """Return what sends to the collector at an http or https address."""
        # It would say of each batch what ReportingExporter says once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        exporter = ReportingExporter(OTLPSpanExporter(endpoint=traces_endpoint(address)))
        processor = BatchSpanProcessor(exporter)
        return cls(processor, resource_of(service), ratio_of(ratio), exporter.shutdown)

    def begin(
        self,
        name: str,
        kind: SpanKind,
        parent: TraceContext | None,
        attributes: Attributes,
        *,
        at: float | None = None,
        links: Sequence[TraceContext] = (),
    ) -> Span:
        """Begin a span, one that is not recorded if its parent is not."""
        is_edge = parent is None or kind == "server"
        if (self._ratio is not None or not is_edge) and not self._is_recorded(parent):
            return UnrecordedSpan(parent or _unrecorded_trace())
        tracer = self._edge if is_edge else self._core
        span = _start(tracer, name, kind, _remote(parent), attributes, at, links)
        context = _context_of(span)
        if not context.sampled:
            return UnrecordedSpan(context)
        return RecordedSpan(self._core, span, context)

    def _is_recorded(self, parent: TraceContext | None) -> bool:
        """Decide before anything is begun: the SDK takes far longer to record nothing."""
        if parent is not None:
            return parent.sampled
        return random.random() < (self._ratio or 0.0)  # noqa: S311 - no secret

    def begin_recorded(
        self, name: str, attributes: Attributes, *, at: float, links: Sequence[TraceContext]
    ) -> Span:
        """Begin a trace past the sampler."""
        span = _start(self._core, name, "internal", _EMPTY, attributes, at, links)
        return RecordedSpan(self._core, span, _context_of(span))

    def close(self) -> None:
        """Send what waits, for two seconds at most."""
        closing = threading.Thread(target=self._processor.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)
        if closing.is_alive():
            self._give_up()


class RecordedSpan:
    """A span that will be sent."""

    __slots__ = ("_below", "_core", "_span", "context")

    def __init__(self, core: SdkTracer, span: SdkSpan, context: TraceContext) -> None:
        self._core = core
        self._span = span
        self._below = set_span_in_context(span, _EMPTY)
        self.context = context

    def annotate(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def link(self, other: TraceContext) -> None:
        """Point to another span."""
        self._span.add_link(_span_context(other))

    def child(
        self, name: str, started_at: float, ended_at: float, attributes: Attributes | None = None
    ) -> None:
        """Record a part that has ended."""
        span = self._core.start_span(
            name, self._below, attributes=attributes, start_time=_nanoseconds(started_at)
        )
        span.end(_nanoseconds(ended_at))

    def fail(self, error_type: str, reason: str) -> None:
        """Set status and type of the error."""
        self._span.set_attribute(ERROR_TYPE, error_type)
        self._span.set_status(StatusCode.ERROR, reason)

    def end(self, at: float | None = None) -> None:
        """End it."""
        self._span.end(None if at is None else _nanoseconds(at))


class ReportingExporter(SpanExporter):
    """Log once that spans do not arrive, and once that they do again; raise nothing."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._outage = OutageLog(_log, "the collector of traces")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; those that do not arrive are lost."""
        try:
            result = self._inner.export(spans)
        except Exception as fault:  # noqa: BLE001 - whatever it is, only spans are lost
            self._outage.record(f"{type(fault).__name__}; spans are lost")
            return SpanExportResult.FAILURE
        arrived = result is SpanExportResult.SUCCESS
        self._outage.record(None if arrived else "it does not take the spans, which are lost")
        return result

    def shutdown(self) -> None:
        """End, and cut a repetition short."""
        self._inner.shutdown()


def traces_endpoint(address: str) -> str:
    """Return where spans are posted: an address without a path is a collector's."""
    return address if urlsplit(address).path.strip("/") else address.rstrip("/") + _TRACES_PATH


def resource_of(service: str) -> Resource:
    """Return what all spans of this process share; OTEL_* variables take precedence."""
    own = {"service.name": service, "service.namespace": "parley"}
    given = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in given:
        del own["service.name"]
    return Resource.create(own)


def ratio_of(ratio: float) -> float | None:
    """Return the ratio, None if OTEL_TRACES_SAMPLER is set: then the SDK's sampler decides."""
    return None if os.environ.get("OTEL_TRACES_SAMPLER") else ratio


def _unrecorded_trace() -> TraceContext:
    trace_id, span_id = random.getrandbits(128) or 1, random.getrandbits(64) or 1
    return TraceContext(f"{trace_id:032x}", f"{span_id:016x}", sampled=False)


def _tracer(processor: SpanProcessor, resource: Resource, sampler: Sampler | None) -> SdkTracer:
    provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer("parley")


def _start(
    tracer: SdkTracer,
    name: str,
    kind: SpanKind,
    context: Context,
    attributes: Attributes,
    at: float | None,
    links: Sequence[TraceContext],
) -> SdkSpan:
    return tracer.start_span(
        name,
        context,
        _KINDS[kind],
        attributes,
        [Link(_span_context(each)) for each in links],
        None if at is None else _nanoseconds(at),
    )


def _remote(parent: TraceContext | None) -> Context:
    if parent is None:
        return _EMPTY
    return set_span_in_context(NonRecordingSpan(_span_context(parent)), _EMPTY)


def _span_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(context.sampled)),
        trace_state=TraceState.from_header([context.state]) if context.state else None,
    )


def _context_of(span: SdkSpan) -> TraceContext:
    context = span.get_span_context()
    return TraceContext(
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        context.trace_flags.sampled,
        context.trace_state.to_header() if context.trace_state else "",
    )


def _nanoseconds(unix_seconds: float) -> int:
    return int(unix_seconds * 1e9)
