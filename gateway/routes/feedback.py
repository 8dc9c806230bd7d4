"""POST /feedback: how good a reply was. GET /feedback: what was said of late."""

from flask import Flask, Response, request

from gateway.caller import current_caller
from gateway.dependencies import Dependencies
from gateway.feedback_request import read_feedback, read_rating_filter
from gateway.handover_request import read_limit
from gateway.json_response import show
from gateway.problems import UNKNOWN_JOB, problem
from gateway.request_body import read_json


def register(app: Flask, dependencies: Dependencies) -> None:
    """Serve both."""

    @app.post("/feedback")
    def rate() -> Response:
        given = read_feedback(read_json())
        job_id = current_caller().scope(given.job_id)
        if dependencies.feedback.put(job_id, int(given.score), given.comment):
            return Response(status=204)
        return problem(UNKNOWN_JOB, "It has no reply, or that reply is no longer kept.")

    @app.get("/feedback")
    def list_feedback() -> Response:
        wanted, limit = read_rating_filter(request.args), read_limit(request.args)
        latest = dependencies.ratings.latest(current_caller().tenant, wanted, limit)
        return show({"feedback": latest})
