"""Spans of the gateway: one a request, and one for each job that it queues.

A request's span is found through the request; what other threads end is handed to them.
"""

from functools import partial

from flask import Flask, Response, request

from gateway.queue.publisher import EnqueueOutcome, ExistingJob
from gateway.queue.sending import Sending, UntracedSending
from shared import keys, tenants
from shared.jobs import ChatJob
from shared.tracing import names
from shared.tracing.context import TraceContext, current_trace, read_context
from shared.tracing.tracer import Span, Tracer

# Asked every few seconds.
UNTRACED_ENDPOINTS = frozenset(("healthz", "readyz", "metrics", "dashboard_data"))
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
_SPAN = "parley.span"  # in the WSGI environment
_UNTRACED = UntracedSending()


class TracedSending:
    """The span of one job on its way to the queue."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def context(self) -> TraceContext:
        """Return the context that goes into the message."""
        return self._span.context

    def end(self, outcome: EnqueueOutcome | Exception) -> None:
        """End the span with the queue's answer."""
        if isinstance(outcome, Exception):
            self._span.fail(type(outcome).__name__, "the job could not be queued")
        elif isinstance(outcome, ExistingJob):
            existing = tenants.local(outcome.job_id)
            self._span.annotate({names.OUTCOME: "existing", names.JOB_ID: existing})
        else:
            self._span.annotate({names.OUTCOME: "queued", names.POSITION: outcome.position})
        self._span.end()


class RequestTraces:
    """Record requests and what they queue."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def register(self, app: Flask) -> None:
        """Begin a span before all else of a request, and end it when its response has gone."""
        app.before_request(self._begin)
        app.after_request(self._describe)

    def begin_sending(self, job: ChatJob) -> Sending:
        """Begin the span of a job that the current request queues."""
        server: Span | None = request.environ.get(_SPAN)
        if server is None:
            return _UNTRACED
        if not server.context.sampled:
            return TracedSending(server)  # the workers are told not to record it either
        server.annotate({names.JOB_ID: tenants.local(job.id), names.TENANT: job.tenant})
        attributes = {
            names.MESSAGING_SYSTEM: "celery",
            names.OPERATION: "send",
            names.DESTINATION: keys.INFERENCE,
            names.MESSAGE_ID: tenants.local(job.id),
            names.TASK: job.task,
        }
        name = f"{names.SEND} {keys.INFERENCE}"
        span = self._tracer.begin(name, "producer", server.context, attributes)
        return TracedSending(span)

    def _begin(self) -> None:
        environ, rule = request.environ, request.url_rule
        if rule is not None and rule.endpoint in UNTRACED_ENDPOINTS:
            current_trace.set(None)
            return
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            method = "_OTHER"
        name = f"{method} {rule.rule}" if rule else method
        parent = read_context(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"))
        environ[_SPAN] = span = self._tracer.begin(name, "server", parent, {})
        recorded = span.context.sampled
        current_trace.set(span.context if recorded else None)
        if recorded:
            span.annotate({names.HTTP_METHOD: method, names.URL_SCHEME: request.scheme})
            span.annotate({names.HTTP_ROUTE: rule.rule} if rule else {})

    def _describe(self, response: Response) -> Response:
        span: Span | None = request.environ.pop(_SPAN, None)
        if span is not None and span.context.sampled:
            span.annotate({names.HTTP_STATUS: response.status_code})
            if response.status_code >= 500:
                span.fail(str(response.status_code), "the gateway could not serve it")
            response.call_on_close(partial(_end, span))
        return response


def _end(span: Span) -> None:
    span.end()
    current_trace.set(None)
