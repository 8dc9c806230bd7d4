"""GET /jobs/{id}: what became of a message."""

import msgspec
from flask import Flask, Response

from gateway.job_store import JobStore
from gateway.problems import UNKNOWN_JOB, describe_failure, problem
from shared.outcomes import JobRecord
from shared.wire import IDENTIFIER


def register(app: Flask, jobs: JobStore) -> None:
    """Serve GET /jobs/{id}."""

    @app.get("/jobs/<job_id>")
    def job(job_id: str) -> Response:
        record = jobs.find(job_id) if IDENTIFIER.match(job_id) else None
        if record is None:
            detail = "No such job, or its reply is no longer kept."
            return problem(UNKNOWN_JOB, detail)
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
