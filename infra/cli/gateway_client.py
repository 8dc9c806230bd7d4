"""The running gateway, as a terminal calls it."""

from collections.abc import Mapping
from typing import Any

from infra.http_client import HTTP_ERRORS, get, post_json
from shared.errors import GatewayUnavailable


class GatewayClient:
    """Ask one gateway; one connection per call."""

    def __init__(
        self, url: str, timeout_seconds: float = 60.0, *, headers: Mapping[str, str]
    ) -> None:
        self.url = url
        self._headers = headers
        self._timeout_seconds = timeout_seconds

    def chat(self, message: str, conversation_id: str | None = None) -> dict[str, Any]:
        """Return the reply object of `POST /chat`; raise GatewayUnavailable with the reason."""
        conversation = {"conversation_id": conversation_id} if conversation_id else {}
        return self.call("POST", "/chat", {"message": message} | conversation)

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object of an address; raise GatewayUnavailable if it refuses."""
        status, answer = self._send(method, path, body)
        if status != 200:
            raise GatewayUnavailable(_refusal(status, answer))
        return answer

    def _send(
        self, method: str, path: str, body: dict[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        try:
            if method == "GET":
                response = get(self.url, path, self._timeout_seconds, self._headers)
            else:
                response = post_json(self.url, path, body, self._timeout_seconds, self._headers)
        except HTTP_ERRORS as error:
            raise GatewayUnavailable(
                f"No gateway answers at {self.url} ({_reason(error)}): start it with `make run`, "
                "or name another with --url or PARLEY_HTTP_PORT."
            ) from None
        answer = response.json_object()
        if answer is None:
            raise GatewayUnavailable(
                "What answers there is not a Parley gateway: its reply is no JSON object."
            )
        return response.status, answer


def _refusal(status: int, problem: dict[str, Any]) -> str:
    if status == 202:
        return f"No answer in time; the job goes on as {problem.get('job_id', 'unknown')}."
    if status == 401:
        return f"The gateway refused (401): {problem.get('detail')} Set PARLEY_API_KEY."
    reason = problem.get("detail") or problem.get("title") or "no reason was given"
    return f"The gateway refused ({status}): {reason}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
