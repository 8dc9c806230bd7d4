"""GET /healthz, /readyz and /metrics: for those who run Parley."""

import msgspec
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.caller import current_caller
from gateway.dependencies import Dependencies
from gateway.health import readiness
from gateway.scraped_metrics import (
    OperationsCollector,
    TenantCollector,
    expose,
    expose_to_tenant,
)
from shared.clock import SystemClock
from shared.tenants import DEFAULT_TENANT


def register(app: Flask, dependencies: Dependencies, *, many_processes: bool) -> None:
    """Serve the three."""
    clock = SystemClock()
    collector = OperationsCollector(
        dependencies.health, dependencies.handovers, dependencies.traffic, clock
    )

    @app.get("/healthz")
    def healthz() -> Response:
        return Response(b'{"status":"ok"}', content_type="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        parts = readiness(dependencies.health, dependencies.feed.is_live())
        ready = all(part.ok for part in parts.values())
        body = {"status": "ready" if ready else "not ready", **parts}
        return Response(
            msgspec.json.encode(body),
            status=200 if ready else 503,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    @app.get("/metrics")
    def metrics() -> Response:
        tenant = current_caller().tenant
        body = (
            expose(dependencies.metrics, collector, many_processes=many_processes)
            if tenant == DEFAULT_TENANT
            else expose_to_tenant(
                TenantCollector(dependencies.handovers, dependencies.traffic, clock, tenant)
            )
        )
        return Response(body, content_type=CONTENT_TYPE_LATEST)
