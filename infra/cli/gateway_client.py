"""The running gateway, as a terminal calls it."""

from collections.abc import Mapping
from typing import Any

from infra.http_client import HTTP_ERRORS, HttpResponse, get, post_json
from shared.errors import GatewayBusy, GatewayRefuses, GatewayUnavailable

_TIMEOUT_SECONDS = 60.0


class GatewayClient:
    """Ask one gateway; one connection per call."""

    def __init__(
        self, url: str, timeout_seconds: float = _TIMEOUT_SECONDS, *, headers: Mapping[str, str]
    ) -> None:
        self.url = url
        self.headers = headers
        self._timeout_seconds = timeout_seconds

    def chat(self, message: str, conversation_id: str | None = None) -> dict[str, Any]:
        """Return the reply object of `POST /chat`; raise GatewayUnavailable with the reason."""
        conversation = {"conversation_id": conversation_id} if conversation_id else {}
        return self.call("POST", "/chat", {"message": message} | conversation)

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return the JSON object of an address; raise GatewayUnavailable if it refuses.

        An empty one if it answers that there is nothing to say (204).
        """
        response = self._send(method, path, body)
        if response.status == 204:
            return {}
        answer = response.json_object()
        if answer is None:
            raise GatewayUnavailable(
                "What answers there is not a Parley gateway: its reply is no JSON object."
            )
        if response.status != 200:
            raise refusal(response.status, answer)
        return answer

    def text(self, path: str) -> str:
        """Return the text of an address; raise GatewayUnavailable if it refuses."""
        response = self._send("GET", path, None)
        if response.status != 200:
            raise refusal(response.status, response.json_object() or {})
        return response.body.decode(errors="replace")

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> HttpResponse:
        try:
            if method == "GET":
                return get(self.url, path, self._timeout_seconds, self.headers)
            return post_json(self.url, path, body, self._timeout_seconds, self.headers)
        except HTTP_ERRORS as error:
            raise unreachable(self.url, error) from None


def unreachable(url: str, error: Exception) -> GatewayUnavailable:
    """Return what is told if nothing answers at an address."""
    return GatewayUnavailable(
        f"No gateway answers at {url} ({_reason(error)}): start it with `make run`, "
        "or name another with --url or PARLEY_HTTP_PORT."
    )


def refusal(status: int, problem: Mapping[str, Any]) -> GatewayUnavailable:
    """Return what is told of a response that is no success."""
    if status == 202:
        job_id = problem.get("job_id", "unknown")
        return GatewayBusy(f"No answer in time; the job goes on as {job_id}.")
    reason = problem.get("detail") or problem.get("title") or "no reason was given"
    advice = " Set PARLEY_API_KEY." if status == 401 else ""
    return GatewayRefuses(f"The gateway refused ({status}): {reason}{advice}", status)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
