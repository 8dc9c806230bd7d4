"""What travels of a trace from process to process: the W3C headers traceparent and tracestate."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?\Z")
_MAX_PARENT_CHARACTERS = 256
_MAX_STATE_CHARACTERS = 512  # what every system has to pass on; of more nothing is
_MAX_STATES = 32
_STATE = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}=[!-+\--<>-~ ]{0,255}[!-+\--<>-~]\Z")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The span that the next one belongs to; ids in hexadecimal digits.

    `sampled`: its trace is recorded, as was decided where the trace began.
    """

    trace_id: str
    span_id: str
    sampled: bool
    state: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that hand it on."""
        parent = f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"
        return {TRACEPARENT: parent} | ({TRACESTATE: self.state} if self.state else {})


def read_context(parent: object, state: object) -> TraceContext | None:
    """Return what the two headers say; None without a traceparent, or with one that is none.

    Anybody can write them. A tracestate that is faulty or too long is left out; baggage is never
    read.
    """
    if not isinstance(parent, str) or len(parent) > _MAX_PARENT_CHARACTERS:
        return None
    found = _PARENT.match(parent)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if (
        version == "ff"
        or (version == "00" and more)
        or not (int(trace_id, 16) and int(span_id, 16))
    ):
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & 1), _read_state(state))


def context_of(headers: Mapping[str, object]) -> TraceContext | None:
    """Return the context in a message's headers, where Celery's instrumentation lays it."""
    parent = headers.get(TRACEPARENT)
    return None if parent is None else read_context(parent, headers.get(TRACESTATE))


def headers_of(context: TraceContext | None) -> dict[str, str]:
    """Return the headers that hand a context on; none without one."""
    return {} if context is None else context.headers


def _read_state(state: object) -> str:
    if not isinstance(state, str) or len(state) > _MAX_STATE_CHARACTERS:
        return ""
    members = [member for part in state.split(",") if (member := part.strip(" \t"))]
    names = [member.partition("=")[0] for member in members]
    fits = len(members) <= _MAX_STATES and len(set(names)) == len(names)
    return ",".join(members) if fits and all(map(_STATE.match, members)) else ""


# The trace of what this thread or greenlet does now, for its log lines alone: no span is begun
# from it, since the threads of a process pass contexts on by hand.
current_trace: ContextVar[TraceContext | None] = ContextVar("current_trace", default=None)
