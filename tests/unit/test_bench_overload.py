"""What the report of an overloaded system says of its refusals."""

from collections import Counter

import pytest

from infra.bench.figures import Figures
from infra.bench.overload import counts_of, grown, refusal_us


def under_load(rate: float, offered: float | None, gateway_ms: float) -> Figures:
    return Figures(
        *("parley", 256, offered, 10.0, int(10 * rate), 0, rate, None), {"gateway": gateway_ms}
    )


def test_a_refusal_costs_what_the_gateway_needed_beyond_the_answers() -> None:
    saturated, overloaded = under_load(100.0, None, 1.0), under_load(90.0, 200.0, 2.1)
    assert refusal_us(saturated, overloaded) == pytest.approx(1e6 * 0.099 / 110)


def test_refusals_are_told_by_whether_redis_was_asked() -> None:
    before = Counter({"200": 100, "sent to Redis": 100, "rate-limited": 0})
    after = Counter({"200": 190, "503": 110, "queue-full": 110, "sent to Redis": 220})
    assert grown(before, after) == (
        "200 90, 503 110, queue-full 110, sent to Redis 120, refused without Redis about 80"
    )


def test_only_the_answers_to_messages_are_counted() -> None:
    page = (
        "# TYPE parley_http_request_duration_seconds histogram\n"
        'parley_http_request_duration_seconds_count{route="chat",status="200"} 7.0\n'
        'parley_http_request_duration_seconds_count{route="page",status="200"} 9.0\n'
        "# TYPE parley_http_problems counter\n"
        'parley_http_problems_total{problem="queue-full"} 3.0\n'
        "# TYPE parley_gateway_enqueued_together histogram\n"
        "parley_gateway_enqueued_together_sum 8.0\n"
    )
    assert counts_of(page) == {"200": 7, "queue-full": 3, "sent to Redis": 8}
