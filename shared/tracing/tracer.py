"""The port to whatever records spans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.tracing.context import TraceContext

Attributes = Mapping[str, str | int | float | bool]
SpanKind = Literal["server", "producer", "consumer", "internal"]


class Span(Protocol):
    """A part of a trace that is under way. Times are Unix seconds; any thread may use it."""

    @property
    def context(self) -> TraceContext:
        """Return what spans that belong below this one are begun from."""

    def annotate(self, attributes: Attributes) -> None:
        """Add attributes."""

    def link(self, other: TraceContext) -> None:
        """Point to a span that has to do with this one."""

    def child(
        self, name: str, started_at: float, ended_at: float, attributes: Attributes | None = None
    ) -> None:
        """Record a part of this one that has ended."""

    def fail(self, error_type: str, reason: str) -> None:
        """Mark it as an error."""

    def end(self, at: float | None = None) -> None:
        """End it now, or at this time."""


class Tracer(Protocol):
    """Begins spans, and sends them away without ever keeping anybody waiting."""

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
        """Begin a span.

        Whether it is recorded is decided once: where a trace begins, or where it comes in over
        HTTP. The parent says so for all others.
        """

    def begin_recorded(
        self, name: str, attributes: Attributes, *, at: float, links: Sequence[TraceContext]
    ) -> Span:
        """Begin a trace that is recorded in any case."""

    def close(self) -> None:
        """Send what waits within a short time."""


@dataclass(frozen=True, slots=True)
class UnrecordedSpan:
    """A span of a trace that is not recorded; costs next to nothing."""

    context: TraceContext

    def annotate(self, attributes: Attributes) -> None:
        """Do nothing."""

    def link(self, other: TraceContext) -> None:
        """Do nothing."""

    def child(
        self, name: str, started_at: float, ended_at: float, attributes: Attributes | None = None
    ) -> None:
        """Do nothing."""

    def fail(self, error_type: str, reason: str) -> None:
        """Do nothing."""

    def end(self, at: float | None = None) -> None:
        """Do nothing."""
