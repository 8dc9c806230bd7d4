"""Traces: where the time of one message went, sent to an OpenTelemetry collector if one is set."""
