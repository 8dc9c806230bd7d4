"""Refuse a message before its body is read, if the queue has just refused one of its tenant."""

from flask import Flask, Response, g, request

from gateway.caller import current_caller
from gateway.problems import QUEUE_FULL
from gateway.queue.admission_gate import Admission
from gateway.rate_limits import QUEUEING_ENDPOINTS
from gateway.refusal_replay import REFUSAL, Refusal

_ENDPOINTS = QUEUEING_ENDPOINTS | {"v1_embeddings"}


def register(app: Flask, admission: Admission, *, replayed: bool) -> None:
    """Ask the gate, once it is known who sends a request.

    What carries an Idempotency-Key passes: its job may be known. `replayed`: hand refusals to the
    server that runs the app, so that it may repeat them without the app.
    """

    @app.before_request
    def refuse_early() -> None:
        if _adds_a_message():
            refused = admission.enter(current_caller().tenant)
            if refused is not None:
                raise refused

    if replayed:
        app.after_request(_hand_over)


def _adds_a_message() -> bool:
    return (
        request.endpoint in _ENDPOINTS
        and request.method == "POST"
        and "HTTP_IDEMPOTENCY_KEY" not in request.environ
    )


def _hand_over(response: Response) -> Response:
    """Note a refusal in the request's environment, unless the request must be charged."""
    if g.get("problem_kind") == QUEUE_FULL.name and "charge" not in g and _adds_a_message():
        request.environ[REFUSAL] = Refusal(
            tenant=current_caller().tenant,
            route=request.endpoint or "none",
            retry_after=response.headers["Retry-After"],
            body=response.get_data(),
        )
    return response
