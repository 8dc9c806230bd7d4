"""Errors as a client meets them: problem+json (RFC 9457) with a stable type."""

import logging
import math
from collections.abc import Mapping

import msgspec
from flask import Flask, Response, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from gateway.connection import end_connection
from gateway.content_coding import TAKEN
from gateway.openai_api.errors import PREFIX, OpenAiError, openai_error
from gateway.problem_kind import ProblemKind, describe
from shared import results
from shared.errors import (
    AdmissionRefused,
    BodyTooSlow,
    ClientGone,
    ConversationBusy,
    DraftsFull,
    ForeignHost,
    HandoverConflict,
    InvalidRequest,
    KeyReused,
    QueueOutOfRoom,
    QueueRefuses,
    QueueUnavailable,
    RateLimited,
    ScopeMissing,
    StreamsFull,
    Unauthenticated,
    UnknownHandover,
    UnsupportedCoding,
)
from shared.jobs import JobState
from shared.redis_faults import FAULTS
from shared.results import JobRecord

logger = logging.getLogger(__name__)

INVALID_REQUEST = ProblemKind("invalid-request", 400, "The request is not valid")
UNAUTHENTICATED = ProblemKind("unauthenticated", 401, "An API key is needed")
SCOPE_MISSING = ProblemKind("scope-missing", 403, "This API key does not allow it")
FOREIGN_HOST = ProblemKind("foreign-host", 403, "This is not answered under another site's name")
NOT_FOUND = ProblemKind("not-found", 404, "There is nothing at this address")
UNKNOWN_JOB = ProblemKind("unknown-job", 404, "This job is not known")
UNKNOWN_HANDOVER = ProblemKind("unknown-handover", 404, "This handover is not known")
HANDOVER_CONFLICT = ProblemKind("handover-conflict", 409, "The handover does not allow this now")
UNKNOWN_GAP = ProblemKind("unknown-gap", 404, "This gap is not known")
UNKNOWN_DRAFT = ProblemKind("unknown-draft", 404, "This draft is not known")
DRAFTS_FULL = ProblemKind("drafts-full", 409, "Too many drafts wait to be written into files")
JOB_ENDED = ProblemKind("job-ended", 409, "This job has ended already")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "This method does not apply here")
BODY_TOO_SLOW = ProblemKind("body-too-slow", 408, "The body did not come in time")
BODY_TOO_LARGE = ProblemKind("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemKind(
    "unsupported-media-type", 415, "The body cannot be read as JSON"
)
KEY_REUSED = ProblemKind(
    "idempotency-key-reused", 422, "This Idempotency-Key was used for another request"
)
RATE_LIMITED = ProblemKind("rate-limited", 429, "Too many requests")
CONVERSATION_BUSY = ProblemKind("conversation-busy", 429, "This conversation has too many waiting")
INTERNAL = ProblemKind("internal-error", 500, "Something went wrong here")
STREAMS_FULL = ProblemKind("streams-full", 503, "Too many event streams are open")
QUEUE_FULL = ProblemKind("queue-full", 503, "Too many messages are waiting")
QUEUE_UNAVAILABLE = ProblemKind("queue-unavailable", 503, "The queue cannot be reached")

_BY_STATUS = {
    kind.status: kind
    for kind in (
        INVALID_REQUEST, NOT_FOUND, METHOD_NOT_ALLOWED, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
    )
}  # fmt: skip
_BY_STATE: Mapping[JobState, ProblemKind] = {
    "failed": ProblemKind("job-failed", 500, "The message could not be answered"),
    "expired": ProblemKind("job-expired", 504, "The message was not answered in time"),
    "cancelled": ProblemKind("job-cancelled", 409, "The message was cancelled"),
}
_REFUSALS = {ConversationBusy: CONVERSATION_BUSY, RateLimited: RATE_LIMITED}
_NO_DETAIL = "No more is known about it."


def problem(
    kind: ProblemKind, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """Return a problem as the response to the current request, under /v1 in OpenAI's form."""
    g.problem_kind = kind.name
    if request.path.startswith(PREFIX):
        param = members.get("field")
        return openai_error(
            kind.status, kind.name, detail, None if param is None else str(param), headers
        )
    body = describe(kind, detail, **{"instance": request.root_path + request.path, **members})
    return Response(
        msgspec.json.encode(body),
        status=kind.status,
        headers=headers,
        content_type="application/problem+json",
    )


def describe_failure(record: JobRecord) -> dict[str, object]:
    """Return the problem that a failed, expired or cancelled job ended in."""
    return describe(_BY_STATE[record.state], _failure_detail(record.body))


def job_problem(job_id: str, record: JobRecord) -> Response:
    """Answer with the problem that a job ended in."""
    kind = _BY_STATE[record.state]
    return problem(
        kind, _failure_detail(record.body), instance=f"{request.root_path}/jobs/{job_id}"
    )


def register(app: Flask) -> None:
    """Answer every error of an app with a problem that shows nothing internal."""
    app.register_error_handler(InvalidRequest, _invalid)
    app.register_error_handler(Unauthenticated, _unauthenticated)
    app.register_error_handler(ScopeMissing, _scope_missing)
    app.register_error_handler(ForeignHost, _foreign_host)
    app.register_error_handler(AdmissionRefused, refusal)
    app.register_error_handler(UnsupportedCoding, _unsupported_coding)
    app.register_error_handler(BodyTooSlow, _too_slow)
    app.register_error_handler(ParseException, _malformed_body)
    app.register_error_handler(KeyReused, _key_reused)
    app.register_error_handler(UnknownHandover, _unknown_handover)
    app.register_error_handler(HandoverConflict, _handover_conflict)
    app.register_error_handler(DraftsFull, _drafts_full)
    app.register_error_handler(StreamsFull, _streams_full)
    app.register_error_handler(ClientGone, _gone)
    app.register_error_handler(QueueUnavailable, _unavailable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _invalid(error: InvalidRequest) -> Response:
    if isinstance(error, OpenAiError):
        g.problem_kind = INVALID_REQUEST.name
        return openai_error(error.status, error.code, str(error), error.field)
    if error.field is None:
        return problem(INVALID_REQUEST, str(error))
    return problem(INVALID_REQUEST, str(error), field=error.field)


def _unsupported_coding(error: UnsupportedCoding) -> Response:
    return problem(UNSUPPORTED_MEDIA_TYPE, str(error), headers={"Accept-Encoding": TAKEN})


def _too_slow(_error: BodyTooSlow) -> Response:
    detail = "The rest of the body was not waited for; send the request again."
    end_connection()
    return problem(BODY_TOO_SLOW, detail)


def _malformed_body(_error: ParseException) -> Response:
    end_connection()
    return problem(INVALID_REQUEST, "The body is not in valid chunks.")


def _unauthenticated(error: Unauthenticated) -> Response:
    reason = f', error="invalid_token", error_description="{error}"' if error.is_wrong else ""
    headers = {"WWW-Authenticate": f'Bearer realm="parley"{reason}'}
    return problem(UNAUTHENTICATED, str(error), headers=headers)


def _scope_missing(error: ScopeMissing) -> Response:
    scopes = f', scope="{error.scopes}"' if error.scopes else ""
    headers = {"WWW-Authenticate": f'Bearer realm="parley", error="insufficient_scope"{scopes}'}
    return problem(SCOPE_MISSING, str(error), headers=headers)


def _foreign_host(error: ForeignHost) -> Response:
    return problem(FOREIGN_HOST, str(error))


def _key_reused(_error: KeyReused) -> Response:
    detail = "The key stands for a request with another body; send a new request with a new key."
    return problem(KEY_REUSED, detail)


def _unknown_handover(_error: UnknownHandover) -> Response:
    return problem(UNKNOWN_HANDOVER, "No such handover, or it is no longer kept.")


def _handover_conflict(error: HandoverConflict) -> Response:
    members = {"state": error.state, "claimed_by": error.claimed_by}
    return problem(HANDOVER_CONFLICT, str(error), headers=None, **members)


def _drafts_full(error: DraftsFull) -> Response:
    return problem(DRAFTS_FULL, f"{error} `parley kb accepted --write` does that.")


def _streams_full(_error: StreamsFull) -> Response:
    detail = "This gateway has no place for one more; try again in 5 s."
    return problem(STREAMS_FULL, detail, headers={"Retry-After": "5"})


def refusal(error: AdmissionRefused) -> Response:
    """Answer with the problem that keeps a request from being taken now."""
    kind = _REFUSALS.get(type(error), QUEUE_FULL)
    seconds = math.ceil(error.retry_after_seconds)
    detail = f"{error}; try again in {seconds} s."
    return problem(kind, detail, headers={"Retry-After": str(seconds)})


def _unavailable(error: QueueUnavailable) -> Response:
    if isinstance(error, QueueOutOfRoom):
        room = "The queue has no room to store a message at the moment"
        detail = f"{room} ({error.code}); try again in 5 s."
        return problem(QUEUE_UNAVAILABLE, detail, headers={"Retry-After": "5"})
    if isinstance(error, QueueRefuses):
        detail = f"The queue refuses: {error.code}, {FAULTS[error.code]}; try again shortly."
        return problem(QUEUE_UNAVAILABLE, detail, headers={"Retry-After": "1"})
    detail = "The queue does not answer at the moment; try again shortly."
    return problem(QUEUE_UNAVAILABLE, detail, headers={"Retry-After": "1"})


def _gone(_error: ClientGone) -> Response:
    return Response(status=499)  # never read; the metrics count it under nginx's number


def _http(error: HTTPException) -> Response:
    kind = _BY_STATUS.get(error.code or 500)
    if kind is None:
        kind = ProblemKind(f"http-{error.code}", error.code or 500, error.name)
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    if kind is BODY_TOO_LARGE:
        end_connection()
    return problem(kind, _detail(error) or kind.title, headers=headers)


def _detail(error: HTTPException) -> str | None:
    """Return what is wrong: Werkzeug's own words name no limit."""
    if error.description == RequestEntityTooLarge.description:
        return f"The body has more than {request.max_content_length} bytes."
    return error.description


def _unexpected(error: Exception) -> Response:
    logger.error("unexpected error at %s", request.endpoint, exc_info=error)
    return problem(INTERNAL, "The fault is in the gateway and has been logged.")


def _failure_detail(body: bytes | None) -> str:
    if body is None:
        return _NO_DETAIL
    try:
        return results.failure_detail(body)
    except (ValueError, TypeError, LookupError):  # a result that Celery itself wrote
        return _NO_DETAIL
