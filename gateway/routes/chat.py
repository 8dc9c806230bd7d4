"""POST /chat: ask a question and wait for the reply, or fetch it later."""

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from gateway.chat_request import ChatRequest, read_chat_request
from gateway.idempotency import read_idempotency_key
from gateway.metrics import Metrics
from gateway.prefer_header import Preference, read_preference
from gateway.problems import job_problem
from gateway.queue.dispatcher import Dispatcher, SubmitResult
from gateway.queue.pending_replies import ENDED


def register(app: Flask, dispatcher: Dispatcher, metrics: Metrics, max_wait_seconds: float) -> None:
    """Serve POST /chat."""

    @app.post("/chat")
    def chat() -> Response:
        chat_request = _read_body()
        preference = read_preference(request.environ.get("HTTP_PREFER"), max_wait_seconds)
        header = request.environ.get("HTTP_IDEMPOTENCY_KEY")
        key = None if header is None else read_idempotency_key(header, chat_request)
        job = dispatcher.accept(chat_request)
        with metrics.chat_seconds.time():
            result = dispatcher.submit(job, preference.wait_seconds, key, _connection())
        return _respond(result, preference)


def _connection() -> int | None:
    """Return the descriptor of the client's connection if the server names it."""
    client = request.environ.get("gunicorn.socket")
    return None if client is None else client.fileno()


def _read_body() -> ChatRequest:
    """Return the chat request in the current request's body."""
    if request.environ.get("CONTENT_TYPE") != "application/json" and not request.is_json:
        raise UnsupportedMediaType("Send the message as JSON, with Content-Type: application/json.")
    return read_chat_request(request.get_data(cache=False))


def _respond(result: SubmitResult, preference: Preference) -> Response:
    record = result.record
    if record.state not in ENDED:
        return _accepted(result, preference)
    response = (
        Response(record.body, content_type="application/json")
        if record.state == "done"
        else job_problem(result.job_id, record)
    )
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    return response


def _accepted(result: SubmitResult, preference: Preference) -> Response:
    body = {
        "job_id": result.job_id,
        "conversation_id": result.conversation_id,
        "state": result.record.state,
    }
    headers = {"Location": f"/jobs/{result.job_id}", "Retry-After": "1"}
    if preference.applied:
        headers["Preference-Applied"] = preference.applied
    return Response(
        msgspec.json.encode(body), status=202, headers=headers, content_type="application/json"
    )
