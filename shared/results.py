"""What became of a job, in Celery's result format and in the form that gateways receive.

A gateway hears one line per job: id, state and the body as JSON, separated by tabs. Neither ids
nor JSON hold a raw tab or line break, so each line of a publication is one job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from shared import tenants
from shared.jobs import JobState, Reply

_encoder = msgspec.json.Encoder()
_CELERY_STATUS = {
    "done": "SUCCESS",
    "failed": "FAILURE",
    "expired": "REVOKED",
    "cancelled": "REVOKED",
}
# What Celery's tools may store before a job has ended; Flower's `abort` stores ABORTED.
_STATES: Mapping[bytes, JobState] = {name.encode(): name for name in get_args(JobState)}
_UNENDED = frozenset(("PENDING", "RECEIVED", "STARTED", "RETRY", "ABORTED"))
_STATE_BY_EXCEPTION: dict[str, JobState] = {
    "JobExpired": "expired",
    "JobCancelled": "cancelled",
    "TaskRevokedError": "cancelled",  # Celery's own
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job has no answer; `detail` is a sentence for the person who asked."""

    state: JobState
    detail: str


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What is known of a job: its state and, once it has ended, a JSON body (reply or failure).

    `tenant` is None where nothing says whose it is but the job's id.
    """

    state: JobState
    body: bytes | None = None
    tenant: str | None = field(default=None, compare=False)

    def is_for(self, job_id: str) -> bool:
        """Tell whether who may ask for this id may see it.

        A job that a Celery client sent for a tenant has an id outside of that tenant's scope.
        """
        return self.tenant in (None, tenants.tenant_of(job_id))


def encode_reply(reply: Reply) -> bytes:
    """Return the JSON that `POST /chat` answers."""
    return _encoder.encode(reply)


def encode_failure(failure: Failure) -> bytes:
    """Return a failure as Celery's exception object, which is also what gateways receive."""
    kind = {"expired": "JobExpired", "cancelled": "JobCancelled"}.get(failure.state, "JobFailed")
    return _encoder.encode(
        {"exc_type": kind, "exc_message": [failure.detail], "exc_module": "parley.errors"}
    )


def celery_result(
    task_id: str,
    state: JobState,
    body: bytes,
    done_at: float,
    tenant: str = tenants.DEFAULT_TENANT,
    children: Sequence[Any] = (),
    trace_id: str | None = None,
) -> bytes:
    """Wrap an encoded body into the JSON that Celery's Redis backend stores.

    Ids in it are the tenant's own, so it says whose they are; Celery does not read that. `children`
    are the tasks that follow, in the form of Celery's `as_tuple`. `trace_id` names the trace in
    which the job was recorded.
    """
    head: dict[str, object] = {
        "status": _CELERY_STATUS[state],
        "traceback": None,
        "children": children,
        "date_done": datetime.fromtimestamp(done_at, UTC).isoformat(),
        "task_id": task_id,
    }
    if tenant != tenants.DEFAULT_TENANT:
        head["tenant"] = tenant
    if trace_id is not None:
        head["trace_id"] = trace_id
    return b"".join((_encoder.encode(head)[:-1], b',"result":', body, b"}"))


def read_celery_result(stored: bytes) -> JobRecord:
    """Read what `celery_result` wrote."""
    meta = msgspec.json.decode(stored, type=_StoredResult)
    body = bytes(meta.result)
    if meta.status == "SUCCESS":
        return JobRecord("done", body, meta.tenant)
    if meta.status in _UNENDED:
        return JobRecord("queued", tenant=meta.tenant)
    fault = msgspec.json.decode(body)
    kind = fault.get("exc_type", "") if isinstance(fault, dict) else ""
    return JobRecord(_STATE_BY_EXCEPTION.get(kind, "failed"), body, meta.tenant)


def read_trace_id(stored: bytes) -> str | None:
    """Return the trace that `celery_result` was told of."""
    return msgspec.json.decode(stored, type=_StoredResult).trace_id


def failure_detail(body: bytes) -> str:
    """Return the sentence inside an encoded failure."""
    fault: Any = msgspec.json.decode(body)
    return str(fault["exc_message"][0])


def decode_notifications(payload: bytes) -> list[tuple[str, JobRecord]]:
    """Read one publication to a gateway: job id and record, for each job that ended."""
    records: list[tuple[str, JobRecord]] = []
    for line in payload.split(b"\n"):
        job_id, state, body = line.split(b"\t", 2)
        records.append((job_id.decode(), JobRecord(_STATES[state], body)))
    return records


def encode_notification(job_id: str, state: JobState, body: bytes) -> bytes:
    """Return the line by which a gateway learns how a job ended."""
    return b"\t".join((job_id.encode(), state.encode(), body))


class _StoredResult(msgspec.Struct):
    status: str
    result: msgspec.Raw
    tenant: str | None = None
    trace_id: str | None = None
