"""Bare Flask: reads a message and answers at once. What HTTP alone costs.

gunicorn --worker-class gevent 'infra.bench.baselines.echo:create()'
"""

from flask import Flask, Response, jsonify, request


def create() -> Flask:
    """Return the app."""
    app = Flask("echo")

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok")

    @app.post("/chat")
    def chat() -> Response:
        return jsonify({"response": request.get_json()["message"]})

    return app
