"""GET and DELETE /jobs/{id}, GET …/events: what became of a message, or that it is not wanted."""

import msgspec
from flask import Flask, Response, request

from gateway.caller import current_caller
from gateway.job_events import END_IDS, EncodedEvents
from gateway.job_streams import JobStreams
from gateway.problems import JOB_ENDED, UNKNOWN_JOB, describe_failure, problem
from gateway.queue.job_canceller import JobCanceller
from gateway.queue.job_store import JobStore
from shared.identifiers import is_identifier
from shared.results import JobRecord


def register(app: Flask, jobs: JobStore, canceller: JobCanceller, streams: JobStreams) -> None:
    """Serve all three."""

    @app.get("/jobs/<identifier:job_id>")
    def job(job_id: str) -> Response:
        record = jobs.find(_inside_id(job_id)) if is_identifier(job_id) else None
        return _unknown() if record is None else _show(job_id, record)

    @app.get("/jobs/<identifier:job_id>/events")
    def job_events(job_id: str) -> Response:
        last_event_id = request.headers.get("Last-Event-ID")
        if not is_identifier(job_id) or jobs.find(_inside_id(job_id)) is None:
            return _unknown()
        if last_event_id in END_IDS:  # told so, a browser does not come again
            return Response(status=204)
        return streams.follow(_inside_id(job_id), last_event_id, EncodedEvents)

    @app.delete("/jobs/<identifier:job_id>")
    def cancel_job(job_id: str) -> Response:
        known = is_identifier(job_id) and canceller.cancel(_inside_id(job_id))
        record = jobs.find(_inside_id(job_id)) if known else None
        if record is None:
            return _unknown()
        if record.state != "cancelled":
            return problem(JOB_ENDED, f"It is {record.state}; only a job on its way is cancelled.")
        return _show(job_id, record)


def _inside_id(job_id: str) -> str:
    return current_caller().scope(job_id)


def _unknown() -> Response:
    return problem(UNKNOWN_JOB, "No such job, or its reply is no longer kept.")


def _show(job_id: str, record: JobRecord) -> Response:
    response = Response(_body(job_id, record), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _body(job_id: str, record: JobRecord) -> bytes:
    members: dict[str, object] = {"job_id": job_id, "state": record.state}
    if record.state == "done" and record.body is not None:
        members["reply"] = msgspec.Raw(record.body)
    elif record.state in ("failed", "expired", "cancelled"):
        members["error"] = describe_failure(record)
    return msgspec.json.encode(members)
