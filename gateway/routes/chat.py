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


def register(app: Flask, dispatcher: Dispatcher, metrics: Metrics, longest_wait: float) -> None:
    """Serve POST /chat."""

    @app.post("/chat")
    def chat() -> Response:
        chat_request = read_body()
        preference = read_preference(request.environ.get("HTTP_PREFER"), longest_wait)
        key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
        claim = None if key is None else read_idempotency_key(key, chat_request)
        job = dispatcher.accept(chat_request)
        with metrics.chat_seconds.time():
            asked = dispatcher.ask(job, preference.wait_seconds, claim, _connection())
        return _answer(asked, preference)


def _connection() -> int | None:
    """Return the descriptor of the client's connection where the server tells it."""
    client = request.environ.get("gunicorn.socket")
    return None if client is None else client.fileno()


def read_body() -> ChatRequest:
    """Return the chat request in the present request's body."""
    if request.environ.get("CONTENT_TYPE") != "application/json" and not request.is_json:
        raise UnsupportedMediaType("Send the message as JSON, with Content-Type: application/json.")
    return read_chat_request(request.get_data(cache=False))


def _answer(asked: SubmitResult, preference: Preference) -> Response:
    record = asked.record
    if record.state not in ENDED:
        return _accepted(asked, preference)
    response = (
        Response(record.body, content_type="application/json")
        if record.state == "done"
        else job_problem(asked.job_id, record)
    )
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    return response


def _accepted(asked: SubmitResult, preference: Preference) -> Response:
    body = {
        "job_id": asked.job_id,
        "conversation_id": asked.conversation_id,
        "state": asked.record.state,
    }
    headers = {"Location": f"/jobs/{asked.job_id}", "Retry-After": "1"}
    if preference.applied:
        headers["Preference-Applied"] = preference.applied
    return Response(
        msgspec.json.encode(body), status=202, headers=headers, content_type="application/json"
    )
