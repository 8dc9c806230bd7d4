"""HTTP to a language model's server. The only module that knows httpx."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import httpcore
import httpx
import msgspec

from shared.clock import Clock
from shared.errors import ModelBusy, ModelUnavailable, SettingsError
from workers.voice.deadline_network import DeadlineNetwork, DeadlineStream
from workers.voice.model_faults import late

CONNECT_SECONDS = 2.0
STALL_SECONDS = 10.0
IDLE_SECONDS = 30.0  # a connection that nobody used for so long is closed
USAGE_SECONDS = 0.5  # what a server gets to tell what was used, once the text is at its end
END_SECONDS = 0.05  # what an ended reply's connection gets to end, too, and be used again
_KEY = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class Response:
    """A response whose body comes in chunks as the server sends it, as it is."""

    status: int
    retry_after: str | None
    chunks: Iterator[bytes]
    stream: DeadlineStream
    clock: Clock

    def first_bytes(self, count: int) -> bytes:
        """Return the beginning of the body."""
        body = b""
        for chunk in self.chunks:
            body += chunk
            if len(body) >= count:
                break
        return body[:count]

    def hurry(self, seconds: float = USAGE_SECONDS) -> None:
        """Let reading end this soon."""
        self.stream.hurry(self.clock.monotonic() + seconds)

    def end(self) -> None:
        """Read what is left for a moment, so that the connection can be used again."""
        self.hurry(END_SECONDS)
        with suppress(ModelUnavailable):
            for _ in self.chunks:
                pass


class ModelConnection:
    """Calls to one server, from many threads at once; connections are kept alive between them.

    Proxies that the environment names are not used: the server's address is the one that is
    called. Redirects are not followed: they would carry messages to where nobody sent them.
    """

    def __init__(
        self, url: str, key: str | None, clock: Clock, *, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        headers = {"Accept-Encoding": "identity", "User-Agent": "parley", **_authorization(key)}
        transport = _DeadlineTransport(DeadlineNetwork(clock, stall_seconds, CONNECT_SECONDS))
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.Client(
            headers=headers, cookies=no_cookies, transport=transport, trust_env=False
        )
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs a line for each call

    @contextmanager
    def call(self, path: str, body: Any, due_at: float) -> Iterator[Response]:
        """Send a body (None: GET) and yield the response; on leaving the server is told to stop.

        All of it ends at `due_at`. Raises ModelBusy if there is no connection or no response.
        """
        content = None if body is None else msgspec.json.encode(body)
        request = self._client.build_request(
            "GET" if body is None else "POST",
            self._url + path,
            content=content,
            headers={"Content-Type": "application/json"} if content else None,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write"), due_at)},
        )
        response = self._sent(request)
        try:
            yield Response(
                response.status_code,
                response.headers.get("Retry-After"),
                _chunks(response),
                cast("DeadlineStream", response.extensions["network_stream"]),
                self._clock,
            )
        finally:
            response.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request, stream=True)
        except httpx.TimeoutException:
            raise late() from None
        except httpx.ConnectError as fault:
            raise ModelBusy(
                f"The model server cannot be reached: {fault}.", "unreachable"
            ) from None
        except httpx.HTTPError:
            raise _lost() from None


class _DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport over a network of ours; who calls limits how many there are."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        verify = httpx.create_ssl_context()
        super().__init__(verify=verify)
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=None,
            max_keepalive_connections=None,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=network,
        )


def _authorization(key: str | None) -> dict[str, str]:
    if not key:
        return {}
    if not _KEY.match(key):
        raise SettingsError("PARLEY_LLM_KEY holds a character that no key has.")
    return {"Authorization": f"Bearer {key}"}


def _chunks(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw()
    except httpx.TimeoutException:
        raise late() from None
    except httpx.HTTPError:
        raise _lost() from None


def _lost() -> ModelBusy:
    return ModelBusy("The model server closed the connection.", "unreachable")
