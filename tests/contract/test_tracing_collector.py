"""Spans on their way to a collector that is there, slow, or away."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from shared.errors import SettingsError
from shared.settings import CommonSettings, load
from shared.tracing.otlp import OtlpTracer, ReportingExporter, traces_endpoint
from shared.tracing.start import check_tracing, open_tracer
from tests.support.collector import Collector
from tests.support.processes import free_port

_WITHOUT_THE_EXTRA = """
import sys
sys.modules["opentelemetry"] = None  # as if it were not installed
import gateway.wsgi, workers.bootstrap, workers.consumer.consumer, infra.cli.main
from shared.settings import CommonSettings, load
from shared.tracing.start import open_tracer
assert open_tracer(load(CommonSettings), "x") is None
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
print("shared.tracing.otlp" in sys.modules)
"""


@pytest.fixture(autouse=True)
def sdk_log_level() -> Iterator[None]:
    """Give the SDK's log its level back."""
    log = logging.getLogger("opentelemetry")
    level = log.level
    yield
    log.setLevel(level)


def record(tracer: OtlpTracer, spans: int) -> float:
    """Record spans; return the longest time that one took, in seconds."""
    longest = 0.0
    for number in range(spans):
        began_at = time.perf_counter()
        span = tracer.begin("process inference", "consumer", None, {"messaging.message.id": "a"})
        span.child("engine", 1.0 + number, 2.0 + number)
        span.end()
        longest = max(longest, time.perf_counter() - began_at)
    return longest


def test_spans_arrive_with_the_service_s_name_and_the_headers_that_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    with Collector() as collector:
        settings = load(CommonSettings, traces=collector.url)
        tracer = open_tracer(settings, "parley-inference")
        assert isinstance(tracer, OtlpTracer)
        record(tracer, 3)
        tracer.close()
        spans = collector.spans()
    assert [span["name"] for span in spans] == ["engine", "process inference"] * 3
    assert {span["service"] for span in spans} == {"parley-inference"}
    assert collector.headers[0]["authorization"] == "Bearer abc"
    parents = {span["spanId"] for span in spans if span["name"] == "process inference"}
    assert {span["parentSpanId"] for span in spans if span["name"] == "engine"} == parents


def test_the_standard_variables_name_service_and_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "help-centre")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.0")
    with Collector() as collector:
        tracer = open_tracer(load(CommonSettings, traces=collector.url), "parley-gateway")
        assert isinstance(tracer, OtlpTracer)
        record(tracer, 3)
        tracer.begin_recorded("batch inference", {}, at=1.0, links=()).end(2.0)
        tracer.close()
        spans = collector.spans()
    assert [(span["name"], span["service"]) for span in spans] == [
        ("batch inference", "help-centre")
    ]


@pytest.mark.parametrize("kind", ["away", "slow"])
def test_a_collector_that_does_not_take_them_costs_spans_and_no_time(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "30")
    monkeypatch.setattr("shared.tracing.otlp._CLOSE_SECONDS", 0.2)
    with Collector(delay_seconds=60.0) as slow, caplog.at_level(logging.INFO):
        address = slow.url if kind == "slow" else f"http://127.0.0.1:{free_port()}"
        tracer = OtlpTracer.to_collector(address, 1.0, "x")
        assert record(tracer, 3_000) < 5.0
        began_at = time.monotonic()
        tracer.close()
        assert time.monotonic() - began_at < 5.0
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry")]


class FailingExporter(SpanExporter):
    """An exporter that a test lets fail in one way or another."""

    answer: SpanExportResult | Exception = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_an_outage_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    inner = FailingExporter()
    exporter = ReportingExporter(inner)
    failures: list[SpanExportResult | Exception] = [SpanExportResult.FAILURE, OSError("away")]
    with caplog.at_level(logging.INFO, "shared.tracing.otlp"):
        for answer in (*failures * 3, SpanExportResult.SUCCESS, SpanExportResult.SUCCESS):
            inner.answer = answer
            exporter.export(())
    lost, back = [each.getMessage() for each in caplog.records]
    assert "is unavailable" in lost
    assert "is available again" in back


def test_a_part_without_the_extra_starts_and_imports_nothing_of_it() -> None:
    environment = {name: text for name, text in os.environ.items() if "PARLEY" not in name}
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_THE_EXTRA],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n") == ["['opentelemetry']", "False", ""], done.stderr


@pytest.mark.parametrize("missing", ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"])
def test_what_is_missing_is_said_in_one_sentence(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    settings = load(CommonSettings, traces="http://127.0.0.1:4318")
    with pytest.raises(SettingsError, match="make run TRACING=1"):
        check_tracing(settings)
    with pytest.raises(SettingsError, match="make run TRACING=1"):
        open_tracer(settings, "x")
    assert open_tracer(load(CommonSettings), "x") is None


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector:4317", "http://", "on"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_TRACES"):
        load(CommonSettings, traces=address)


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("https://collector/", "https://collector/v1/traces"),
        ("https://traces.example/otlp/v1/traces", "https://traces.example/otlp/v1/traces"),
    ],
)
def test_an_address_without_a_path_is_a_collector_s(address: str, endpoint: str) -> None:
    assert traces_endpoint(address) == endpoint
