"""What records one message's way through a worker, stage by stage."""

from collections.abc import Callable

from shared.tracing.context import TraceContext
from shared.tracing.tracer import Attributes, Span


class MessageSpan:
    """The span of a leased message. Its stages follow each other, whatever thread runs them.

    Times are monotonic seconds of this process; `zero` is the Unix time at which they were 0.
    """

    __slots__ = ("_record_wait", "_span", "_stage_from", "zero")

    def __init__(
        self, span: Span, leased_at: float, zero: float, record_wait: Callable[[], None]
    ) -> None:
        """Begin; `record_wait` is called once something comes of the lease.

        A message that is parked comes again, and has waited all the time until then.
        """
        self._span = span
        self._record_wait: Callable[[], None] | None = record_wait
        self._stage_from = leased_at
        self.zero = zero

    @property
    def context(self) -> TraceContext:
        """Return the context of its span."""
        return self._span.context

    def stage(self, name: str, until: float, attributes: Attributes | None = None) -> None:
        """Record what has been done with it since the last stage; nothing if that took no time."""
        self._record_wait_once()
        if until > self._stage_from:
            self._span.child(name, self.zero + self._stage_from, self.zero + until, attributes)
            self._stage_from = until

    def skip(self, until: float) -> None:
        """Let the next stage begin here."""
        self._stage_from = max(self._stage_from, until)

    def link(self, other: TraceContext) -> None:
        """Point to the batch that it was part of."""
        self._span.link(other)

    def end(self, at: float, attributes: Attributes, error: tuple[str, str] | None = None) -> None:
        """End it; `error` is a type and a reason, without any of the message's text."""
        self._record_wait_once()
        self._span.annotate(attributes)
        if error:
            self._span.fail(*error)
        self._span.end(self.zero + at)

    def _record_wait_once(self) -> None:
        if self._record_wait is not None:
            self._record_wait()
            self._record_wait = None
