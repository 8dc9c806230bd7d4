"""The Flask app: routes over their dependencies. Builds nothing else and connects to nothing."""

import time

from flask import Flask, Response, g, request

from gateway import access, admission, cors, problems, rate_limits, security_headers
from gateway.base_path import BasePath, read_base_path
from gateway.cors_policy import read_cors_origins
from gateway.dependencies import Dependencies
from gateway.flask_app import GatewayFlask
from gateway.identifier_paths import serve_identifiers
from gateway.metrics import Metrics
from gateway.rate_limits import RateLimits
from gateway.refusal_replay import REFUSALS, RefusalReplay
from gateway.request_traces import RequestTraces
from gateway.routes import (
    chat,
    conversations,
    dashboard,
    desk,
    documentation,
    drafts,
    feedback,
    handovers,
    jobs,
    operations,
    page,
    users,
    v1,
)
from gateway.settings import GatewaySettings
from shared.clock import Clock, SystemClock
from shared.task_body import MAX_BODY_BYTES


def create_app(
    dependencies: Dependencies,
    settings: GatewaySettings,
    *,
    many_processes: bool = False,
    traces: RequestTraces | None = None,
    clock: Clock | None = None,
) -> Flask:
    """Return the gateway as a WSGI app."""
    app = GatewayFlask("gateway", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, PROPAGATE_EXCEPTIONS=False)
    _count_responses(app, dependencies.metrics)
    serve_identifiers(app)
    if traces is not None:  # first, so that it sees what the others refuse
        traces.register(app)
    problems.register(app)
    cors.register(app, read_cors_origins(settings.cors_origins or ""))
    limits = RateLimits(settings.usual_limit, settings.address_limit, settings.proxies)
    access.register(
        app,
        dependencies.authenticator,
        limits,
        dependencies.rate_limiter,
        local_only=settings.is_local_only,
    )
    admission.register(
        app,
        dependencies.admission,
        replayed=traces is None and not settings.access_log,  # these want each request
    )
    app.extensions[REFUSALS] = _refusal_replay(dependencies, settings, clock or SystemClock())
    chat.register(app, dependencies, settings.wait_seconds)
    jobs.register(app, dependencies.jobs, dependencies.canceller, dependencies.job_streams)
    v1.register(app, dependencies, settings.wait_seconds)
    conversations.register(app, dependencies)
    handovers.register(app, dependencies.handovers)
    feedback.register(app, dependencies)
    drafts.register(app, dependencies)
    desk.register(app, dependencies.stories)
    users.register(app, dependencies.users)
    operations.register(app, dependencies, many_processes=many_processes)
    page.register(app)
    dashboard.register(app, dependencies.board)
    documentation.register(app)
    security_headers.register(app)
    # Last here, so that it runs first: it may put another answer in place of a route's.
    rate_limits.register(app, dependencies.rate_limiter)
    _mount(app, settings)
    return app


def _refusal_replay(
    dependencies: Dependencies, settings: GatewaySettings, clock: Clock
) -> RefusalReplay:
    metrics = dependencies.metrics

    def count(route: str) -> None:
        metrics.count_response(route, problems.QUEUE_FULL.status, 0.0)
        metrics.count_problem(problems.QUEUE_FULL.name)

    by_peer = bool(settings.proxies.networks)
    return RefusalReplay(dependencies.admission, clock, count, by_peer=by_peer)


def _mount(app: Flask, settings: GatewaySettings) -> None:
    base_path = read_base_path(settings.base_path or "")
    if base_path or settings.proxies.networks:
        app.wsgi_app = BasePath(app.wsgi_app, base_path, settings.proxies)  # type: ignore[method-assign]


def _count_responses(app: Flask, metrics: Metrics) -> None:
    @app.before_request
    def begin() -> None:
        g.began_at = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route, seconds = request.endpoint or "none", time.perf_counter() - g.began_at
        metrics.count_response(route, response.status_code, seconds)
        if "problem_kind" in g:
            metrics.count_problem(g.problem_kind)
        return response
