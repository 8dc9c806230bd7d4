"""POST /chat: ask a question and wait for the reply, follow it as events, or fetch it later."""

from urllib.parse import quote

import msgspec
from flask import Flask, Response, request

from gateway.caller import current_caller
from gateway.chat_request import read_chat_request
from gateway.connection import client_descriptor
from gateway.dependencies import Dependencies
from gateway.idempotency import read_idempotency_key
from gateway.job_events import EncodedEvents
from gateway.prefer_header import Preference, read_preference
from gateway.problems import job_problem
from gateway.queue.dispatcher import SubmitResult
from gateway.queue.pending_replies import ENDED
from gateway.request_body import read_json
from shared import tenants

_EVENTS = "text/event-stream"


def register(app: Flask, dependencies: Dependencies, max_wait_seconds: float) -> None:
    """Serve POST /chat."""
    dispatcher, metrics = dependencies.dispatcher, dependencies.metrics

    @app.post("/chat")
    def chat() -> Response:
        chat_request = read_chat_request(read_json())
        preference = read_preference(request.environ.get("HTTP_PREFER"), max_wait_seconds)
        header = request.environ.get("HTTP_IDEMPOTENCY_KEY")
        caller = current_caller()
        key = None if header is None else read_idempotency_key(header, chat_request, caller)
        job = dispatcher.accept(chat_request, caller, key)
        if preference.wait_seconds > 0 and _wants_events():
            headers = {"Preference-Applied": preference.applied} if preference.applied else {}
            return dependencies.job_streams.submit(
                job, key, preference.wait_seconds, EncodedEvents, headers=headers
            )
        with metrics.chat_seconds.time():
            result = dispatcher.submit(job, preference.wait_seconds, key, client_descriptor())
        return _respond(result, preference)


def _wants_events() -> bool:
    """Return whether the client takes events and would not rather have JSON."""
    if _EVENTS not in request.environ.get("HTTP_ACCEPT", "").lower():
        return False
    accepted = request.accept_mimetypes
    return accepted[_EVENTS] > accepted["application/json"]


def _respond(result: SubmitResult, preference: Preference) -> Response:
    record = result.record
    if record.state not in ENDED:
        return _accepted(result, preference)
    response = (
        Response(record.body, content_type="application/json")
        if record.state == "done"
        else job_problem(tenants.local(result.job_id), record)
    )
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    return response


def _accepted(result: SubmitResult, preference: Preference) -> Response:
    job_id = tenants.local(result.job_id)
    body = {
        "job_id": job_id,
        "conversation_id": tenants.local(result.conversation_id),
        "state": result.record.state,
    }
    location = f"{request.root_path}/jobs/{quote(job_id, safe='')}"
    headers = {"Location": location, "Retry-After": "1"}
    if preference.applied:
        headers["Preference-Applied"] = preference.applied
    return Response(
        msgspec.json.encode(body), status=202, headers=headers, content_type="application/json"
    )
