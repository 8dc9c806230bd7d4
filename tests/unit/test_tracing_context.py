"""The W3C headers as anybody may write them."""

import pytest

from shared.tracing.context import TraceContext, context_of, read_context
from tests.fakes.tracing import PARENT, TRACE_ID

SPAN_ID = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("parent", "sampled"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-01", True),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", False),
        (f"00-{TRACE_ID}-{SPAN_ID}-ff", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-what the future brings", True),
    ],
)
def test_a_context_is_read_and_handed_on_as_version_0(parent: str, sampled: bool) -> None:
    context = read_context(parent, None)
    assert context == TraceContext(TRACE_ID, SPAN_ID, sampled)
    assert context.headers == {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-0{int(sampled)}"}


@pytest.mark.parametrize(
    "parent",
    [
        *(None, 7, b"", [], {}, [PARENT], "", "00", "signal"),
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}{SPAN_ID}-01",
        f" {PARENT}",
        f"{PARENT},{PARENT}",
        f"cc-{TRACE_ID}-{SPAN_ID}-01-{'x' * 1_000_000}",
        f"00-{'١' * 32}-{SPAN_ID}-01",
    ],
)
def test_what_is_no_traceparent_is_none(parent: object) -> None:
    assert read_context(parent, "a=1") is None


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("congo=t61rcWkgMzE", "congo=t61rcWkgMzE"),
        ("a=1 ,\tb@c=2,,", "a=1,b@c=2"),
        (None, ""),
        (["a=1"], ""),
        ("a=1,a=2", ""),
        ("no member", ""),
        ("A=1", ""),
        ("a=b\x00", ""),
        ("a=ü", ""),
        ("a=" + "b" * 600, ""),
        (",".join(f"k{n}=1" for n in range(33)), ""),
    ],
)
def test_a_tracestate_is_kept_whole_or_not_at_all(state: object, kept: str) -> None:
    context = read_context(PARENT, state)
    assert context is not None
    assert context.state == kept


def test_of_a_messages_headers_only_the_two_are_read() -> None:
    headers = {"baggage": "user=" + "x" * 100_000, "traceparent": PARENT, "tracestate": "a=1"}
    context = context_of(headers)
    assert context is not None
    assert set(context.headers) == {"traceparent", "tracestate"}
    assert context_of({"baggage": "a=1"}) is None
