"""The running gateway, as a terminal calls it."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shared.errors import GatewayUnavailable


class GatewayClient:
    """Ask one gateway; one connection per call."""

    def __init__(self, url: str, timeout_seconds: float = 60.0) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds

    def chat(self, message: str, conversation_id: str | None = None) -> dict[str, Any]:
        """Return the reply object of `POST /chat`; raise GatewayUnavailable with the reason."""
        body = {"message": message} | (
            {"conversation_id": conversation_id} if conversation_id else {}
        )
        status, answer = self._post("/chat", msgspec.json.encode(body))
        if status != 200:
            raise GatewayUnavailable(_refusal(status, answer))
        return answer

    def _post(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        address = urlsplit(self.url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else _Plain
        connection = kind(address.netloc, timeout=self._timeout_seconds)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", address.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            return response.status, _read_object(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(
                f"No gateway answers at {self.url} ({_reason(error)}): start it with `make run`, "
                "or name another with --url or PARLEY_HTTP_PORT."
            ) from None
        finally:
            connection.close()


_Plain = http.client.HTTPConnection


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        raise GatewayUnavailable(
            "What answers there is not a Parley gateway: its reply is no JSON object."
        ) from None


def _refusal(status: int, problem: dict[str, Any]) -> str:
    if status == 202:
        return f"No answer in time; the job goes on as {problem.get('job_id', 'unknown')}."
    told = problem.get("detail") or problem.get("title") or "no reason was given"
    return f"The gateway refused ({status}): {told}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
