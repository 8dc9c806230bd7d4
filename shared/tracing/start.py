"""Whether this process sends traces. Without PARLEY_TRACES nothing of OpenTelemetry is imported."""

from importlib.util import find_spec

from shared.errors import SettingsError
from shared.settings import CommonSettings
from shared.tracing.tracer import Tracer

_MISSING = (
    "PARLEY_TRACES is set, but OpenTelemetry is not installed: start with `make run TRACING=1`, or "
    "`pip install --no-deps --require-hashes -r requirements/tracing.txt` (in containers "
    "PARLEY_TRACING=1 at the build), or unset it"
)


def check_tracing(settings: CommonSettings) -> None:
    """Raise SettingsError if traces are wanted and cannot be sent."""
    if settings.traces and find_spec("opentelemetry") is None:
        raise SettingsError(_MISSING)


def open_tracer(settings: CommonSettings, service: str) -> Tracer | None:
    """Return what this process records its spans with, None if it records none.

    `service` is its name in traces, unless OTEL_SERVICE_NAME gives another. Raises SettingsError.
    """
    if not settings.traces:
        return None
    try:
        from shared.tracing.otlp import OtlpTracer
    except ImportError as fault:
        raise SettingsError(_MISSING) from fault
    return OtlpTracer.to_collector(settings.traces, settings.traces_ratio, service)
