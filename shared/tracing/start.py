"""Whether this process sends traces. Without PARLEY_TRACES nothing of OpenTelemetry is imported."""

from importlib.util import find_spec

from shared.errors import SettingsError
from shared.settings import CommonSettings
from shared.tracing.tracer import Tracer

_PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_MISSING = (
    "PARLEY_TRACES is set, but OpenTelemetry is not installed: start with `make run TRACING=1`, or "
    "`pip install --no-deps --require-hashes -r requirements/tracing.txt` (in containers "
    "PARLEY_TRACING=1 at the build), or unset it"
)


def check_tracing(settings: CommonSettings) -> None:
    """Raise SettingsError if traces are wanted and cannot be sent."""
    if settings.traces and not all(map(_is_installed, _PACKAGES)):
        raise SettingsError(_MISSING)


def open_tracer(settings: CommonSettings, service: str) -> Tracer | None:
    """Return what this process records its spans with, None if it records none.

    `service` is its name in traces, unless OTEL_SERVICE_NAME gives another. Raises SettingsError.
    """
    if not settings.traces:
        return None
    check_tracing(settings)
    from shared.tracing.otlp import OtlpTracer

    return OtlpTracer.to_collector(settings.traces, settings.traces_ratio, service)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # nor is what it belongs to
        return False
