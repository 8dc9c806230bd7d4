"""Stock design: Flask sends one Celery task for each message and waits for its AsyncResult.

    celery -A infra.bench.baselines.stock worker --pool prefork --concurrency 2
    gunicorn --worker-class gevent 'infra.bench.baselines.stock:create()'

Same engine and same Redis as Parley. Of gthread with `AsyncResult.get` (159 messages a second from
256 users), gevent with `get` (94) and gevent with polling (196 to 233), the last is the best.
"""

import time
from functools import cache
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from celery.signals import worker_process_init
from flask import Flask, Response, jsonify, request

from infra.bench.baselines.nearest import NearestQuestion, litert_embedding
from shared.settings import CommonSettings, load
from workers.settings import WorkerSettings

_FIRST_LOOK_SECONDS = 0.005
_MAX_PAUSE_SECONDS = 0.32


def _configuration() -> dict[str, Any]:
    address = load(CommonSettings).redis_address
    return {
        "broker_url": address,
        "result_backend": address,
        "task_default_queue": "stock",
        "broker_connection_retry_on_startup": True,
    }


app = Celery("stock", set_as_current=False)
app.add_defaults(_configuration)


@cache
def _answerer() -> NearestQuestion:
    settings = load(WorkerSettings)
    return NearestQuestion.load(settings, litert_embedding(settings))


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _warm(**_: object) -> None:
    _answerer()


@app.task(name="stock.answer")  # type: ignore[untyped-decorator]
def answer(message: str) -> dict[str, object]:
    """Answer one message."""
    return _answerer().answer(message)


def create() -> Flask:
    """Return the web side."""
    web = Flask("stock")

    @web.get("/healthz")
    def healthz() -> Response:
        return Response("ok")

    @web.post("/chat")
    def chat() -> Response:
        return jsonify(_wait(app.send_task("stock.answer", [request.get_json()["message"]])))

    return web


def _wait(result: AsyncResult) -> Any:
    pause = _FIRST_LOOK_SECONDS
    while not result.ready():
        time.sleep(pause)
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)
    return result.get()
