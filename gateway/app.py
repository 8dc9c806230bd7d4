"""The Flask app: routes over their dependencies. Builds nothing else and connects to nothing."""

from flask import Flask, Response, request

from gateway import problems
from gateway.dependencies import Dependencies
from gateway.identifier_paths import serve_identifiers
from gateway.metrics import Metrics
from gateway.routes import (
    chat,
    conversations,
    documentation,
    feedback,
    handovers,
    jobs,
    operations,
    page,
    users,
)
from gateway.settings import GatewaySettings
from shared.wire import MAX_BODY_BYTES


def create_app(
    dependencies: Dependencies, settings: GatewaySettings, *, many_processes: bool = False
) -> Flask:
    """Return the gateway as a WSGI app."""
    app = Flask("gateway", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, PROPAGATE_EXCEPTIONS=False)
    serve_identifiers(app)
    problems.register(app)
    chat.register(app, dependencies.dispatcher, dependencies.metrics, settings.wait_seconds)
    jobs.register(app, dependencies.jobs, dependencies.canceller)
    conversations.register(app, dependencies)
    handovers.register(app, dependencies.handovers)
    feedback.register(app, dependencies.feedback)
    users.register(app, dependencies.users)
    operations.register(app, dependencies, many_processes=many_processes)
    page.register(app)
    documentation.register(app)
    _finish_responses(app, dependencies.metrics)
    return app


def _finish_responses(app: Flask, metrics: Metrics) -> None:
    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        metrics.count_response(request.endpoint or "none", response.status_code)
        return response
