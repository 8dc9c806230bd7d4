"""Errors in OpenAI's form, for everything under /v1."""

from collections.abc import Mapping

import msgspec
from flask import Response

from shared.errors import InvalidRequest
from shared.results import Failure, JobRecord, encode_failure

PREFIX = "/v1/"
MODEL = "parley"
LATE = JobRecord("expired", encode_failure(Failure("expired", "It was not answered in time.")))
_CODES: Mapping[str, str | None] = {
    "unauthenticated": "invalid_api_key",
    "rate-limited": "rate_limit_exceeded",
    "conversation-busy": "rate_limit_exceeded",
    "invalid-request": None,
}
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAiError(InvalidRequest):
    """Refuse a request under /v1 for a reason that OpenAI has a code for."""

    def __init__(
        self, message: str, param: str | None = None, *, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message, param)
        self.status = status
        self.code = code


def unknown_model(name: str) -> OpenAiError:
    """Return the refusal of a model that is not served."""
    message = f"The model '{name[:80]}' does not exist; this server has '{MODEL}'."
    return OpenAiError(message, "model", status=404, code="model_not_found")


def describe_error(
    status: int, name: str | None, message: str, param: str | None = None
) -> dict[str, object]:
    """Return OpenAI's error object; `name` is that of the problem, if it is one."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    code = _CODES.get(name or "", None if name is None else name.replace("-", "_"))
    return {"message": message, "type": kind, "param": param, "code": code}


def openai_error(
    status: int,
    name: str | None,
    message: str,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as the response to the current request."""
    body = {"error": describe_error(status, name, message, param)}
    return Response(
        msgspec.json.encode(body), status=status, headers=headers, content_type="application/json"
    )
