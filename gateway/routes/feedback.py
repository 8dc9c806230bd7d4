"""POST /feedback: how good a reply was."""

from flask import Flask, Response

from gateway.caller import current_caller
from gateway.feedback_request import read_feedback
from gateway.problems import UNKNOWN_JOB, problem
from gateway.queue.feedback import FeedbackBox
from gateway.request_body import read_json


def register(app: Flask, feedback: FeedbackBox) -> None:
    """Serve it."""

    @app.post("/feedback")
    def rate() -> Response:
        given = read_feedback(read_json())
        if feedback.put(current_caller().scope(given.job_id), int(given.score), given.comment):
            return Response(status=204)
        return problem(UNKNOWN_JOB, "It has no reply, or that reply is no longer kept.")
