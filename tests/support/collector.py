"""A collector of traces that keeps them in memory: OTLP over HTTP, in protobuf.

python -m tests.support.collector PORT FILE writes them to a file, as docs/tracing.md needs it.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Span = dict[str, Any]


@dataclass
class Collector:
    """A server on a free port; a context manager. `delay_seconds` passes before each answer."""

    delay_seconds: float = 0.0
    port: int = 0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> "Collector":
        collector = self
        self._ended = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._ended.wait(collector.delay_seconds)
                found = self.path == "/v1/traces"
                if found:
                    collector.headers.append(dict(self.headers))
                    collector.requests.append(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                with suppress(OSError):  # nobody waits for it any more
                    self._send(found, answer)

            def _send(self, found: bool, answer: bytes) -> None:
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        """Return what came."""
        return [span for request in list(self.requests) for span in spans_of(request)]


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Yield the spans of one request; ids are hexadecimal digits, times nanoseconds."""
    for resource_spans in request.resource_spans:
        service = _plain(resource_spans.resource.attributes).get("service.name")
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield {
                    "name": span.name,
                    "kind": span.kind,
                    "error": span.status.message if span.status.code == 2 else None,
                    "service": service,
                    "traceId": span.trace_id.hex(),
                    "spanId": span.span_id.hex(),
                    "parentSpanId": span.parent_span_id.hex(),
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": _plain(span.attributes),
                    "links": [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
                }


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def otlp_json(request: ExportTraceServiceRequest) -> str:
    """Return a request as the file exporter of OpenTelemetry's collector writes it, in one line."""
    by_service: dict[str, list[Span]] = {}
    for span in spans_of(request):
        by_service.setdefault(span["service"], []).append(span)
    return json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _json_attributes({"service.name": service})},
                    "scopeSpans": [{"spans": [_json_span(span) for span in spans]}],
                }
                for service, spans in by_service.items()
            ]
        }
    )


def _json_span(span: Span) -> Span:
    return {
        **{name: span[name] for name in ("name", "kind", "traceId", "spanId", "parentSpanId")},
        "startTimeUnixNano": str(span["start"]),
        "endTimeUnixNano": str(span["end"]),
        "attributes": _json_attributes(span["attributes"]),
        "links": [{"traceId": trace, "spanId": own} for trace, own in span["links"]],
        "status": {"code": 2, "message": span["error"]} if span["error"] is not None else {},
    }


def _json_attributes(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    kinds: dict[type, str] = {bool: "boolValue", float: "doubleValue", str: "stringValue"}
    return [
        {
            "key": key,
            "value": {"intValue": str(value)}
            if type(value) is int
            else {kinds[type(value)]: value},
        }
        for key, value in attributes.items()
    ]


def _keep(port: int, file: str) -> None:
    """Write what comes to a file until it is ended; `python -m tests.support.collector`."""
    with Collector(port=port) as collector, open(file, "w", encoding="utf-8") as kept:  # noqa: PTH123
        written = 0
        while True:
            time.sleep(0.2)
            for request in collector.requests[written:]:
                kept.write(otlp_json(request) + "\n")
                written += 1
            kept.flush()


if __name__ == "__main__":
    _keep(int(sys.argv[1]), sys.argv[2])
