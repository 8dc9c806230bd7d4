"""What the gateway reads from its environment."""

from collections.abc import Mapping

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from gateway.base_path import read_base_path
from gateway.client_address import TrustedProxies, read_trusted_proxies
from gateway.cors_policy import read_cors_origins
from gateway.given_keys import read_given_keys
from shared.api_keys import ApiKey
from shared.loopback import is_loopback
from shared.rate_limits import RateLimit, read_rate_limit
from shared.settings import CommonSettings

MIN_SECRET_CHARACTERS = 24
NO_LIMIT = "none"
_WAIT_OF_DEADLINE = 1 / 3  # so what was let in is answered even if workers slow down to a half
DEFAULT_RATE_LIMIT = "50/s burst 100"  # beyond this machine


class GatewaySettings(CommonSettings):
    """Settings of one gateway, however many processes it runs."""

    http_host: str = Field(
        "127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 in containers"
    )
    http_port: int = Field(8000, ge=1, le=65535, description="port of the HTTP API and chat page")
    gateway_workers: int = Field(1, ge=1, le=64, description="gateway processes on this machine")
    gateway_connections: int = Field(
        12_000,
        ge=1,
        description="connections that one gateway process holds open at once; more than "
        "PARLEY_QUEUE_LIMIT, so that who is refused is told so",
    )
    job_deadline_seconds: float = Field(
        30.0, gt=0, le=3_600, description="age at which a message is no longer worth an answer"
    )
    queue_wait_seconds: float | None = Field(
        None,
        gt=0,
        le=3_600,
        description="longest wait that a message is let in for, by what is answered a second "
        "([more](operations.md#more-than-can-be-answered)); unset: a third of "
        "PARLEY_JOB_DEADLINE_SECONDS",
    )
    wait_seconds: float = Field(
        30.0,
        gt=0,
        le=3_600,
        description="longest that POST /chat waits for the reply; also caps `Prefer: wait=N`",
    )
    event_streams: int = Field(
        8_000, ge=1, description="event streams that one gateway process serves at once"
    )
    handover_webhook_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="key that signs the webhook's events: `whsec_` and base64, or any text of 24 "
        "characters or more",
    )
    api_keys: SecretStr | None = Field(
        None,
        description="API keys besides those of `parley keys`, separated by commas: `key`, "
        "`tenant=key`, `tenant:chat+read=key` or `@file` ([how](security.md#keys))",
    )
    open_access: bool = Field(
        False, description="let everybody in beyond this machine as long as there is no API key"
    )
    publish_address: str | None = Field(
        None,
        description="address that the port is published on, where that is not PARLEY_HTTP_HOST: "
        "in containers",
    )
    rate_limit: str | None = Field(
        None,
        description="requests of each API key, and of each address without one: `20/s`, "
        "`600/min burst 50`, `none`; unset: none on this machine, "
        f"{DEFAULT_RATE_LIMIT} beyond ([how](security.md#rate-limits))",
    )
    address_rate_limit: str | None = Field(
        None, description="requests of each address, whatever its API key; unset: none"
    )
    cors_origins: str | None = Field(
        None,
        description="origins whose pages may call the API, separated by commas "
        "(`https://shop.example`, `https://*.shop.example`), or `*` for all, without credentials",
    )
    base_path: str | None = Field(
        None, description="path that a proxy serves Parley under, such as `/support`"
    )
    trusted_proxies: str | None = Field(
        None,
        description="addresses and networks of the proxies whose `X-Forwarded-*` and `Forwarded` "
        "count; unset: none",
    )
    body_timeout_seconds: float = Field(
        10.0, gt=0, le=600, description="longest that a request's body may take to come in"
    )
    access_log: bool = Field(False, description="log one line per request, never its text")

    @property
    def longest_wait_seconds(self) -> float:
        """Return how long a message that is let in may have to wait, within its deadline."""
        longest = self.queue_wait_seconds or self.job_deadline_seconds * _WAIT_OF_DEADLINE
        return min(longest, self.job_deadline_seconds)

    @property
    def is_exposed(self) -> bool:
        """Tell whether others than this machine can reach the gateway."""
        return not is_loopback(self.publish_address or self.http_host)

    @property
    def asks_always(self) -> bool:
        """Tell whether a key is asked for even if there is none."""
        return self.is_exposed and not self.open_access

    @property
    def is_local_only(self) -> bool:
        """Tell whether who needs no key must be on this machine."""
        return not (self.is_exposed or self.open_access)

    @property
    def given_keys(self) -> Mapping[str, ApiKey]:
        """Return whom PARLEY_API_KEYS lets in; raise SettingsError if it is faulty."""
        return read_given_keys(self.api_keys.get_secret_value()) if self.api_keys else {}

    @property
    def proxies(self) -> TrustedProxies:
        """Return the proxies whose word counts."""
        return read_trusted_proxies(self.trusted_proxies or "")

    @property
    def usual_limit(self) -> RateLimit | None:
        """Return the limit of a key that has none of its own, and of an address without a key."""
        return _read_limit(self.rate_limit or (DEFAULT_RATE_LIMIT if self.is_exposed else NO_LIMIT))

    @property
    def address_limit(self) -> RateLimit | None:
        """Return the limit of an address whatever its key."""
        return _read_limit(self.address_rate_limit or NO_LIMIT)

    @field_validator("rate_limit", "address_rate_limit")
    @classmethod
    def _must_be_a_limit(cls, limit: str | None) -> str | None:
        _read_limit(limit or NO_LIMIT)
        return limit

    @field_validator("trusted_proxies")
    @classmethod
    def _must_be_networks(cls, networks: str | None) -> str | None:
        read_trusted_proxies(networks or "")
        return networks

    @field_validator("cors_origins")
    @classmethod
    def _must_be_origins(cls, origins: str | None) -> str | None:
        read_cors_origins(origins or "")
        return origins

    @field_validator("base_path")
    @classmethod
    def _must_be_a_path(cls, path: str | None) -> str | None:
        read_base_path(path or "")
        return path

    @field_validator("http_host")
    @classmethod
    def _without_brackets(cls, host: str) -> str:
        """Take an IPv6 address as a URL writes it, too: [::1]."""
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    @field_validator("handover_webhook_secret")
    @classmethod
    def _must_sign_the_webhook(
        cls, secret: SecretStr | None, others: ValidationInfo
    ) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"at least {MIN_SECRET_CHARACTERS} characters are needed")
        if secret is None and others.data.get("handover_webhook"):
            raise ValueError("PARLEY_HANDOVER_WEBHOOK needs one to sign its events with")
        return secret


def _read_limit(text: str) -> RateLimit | None:
    return None if text.strip().lower() == NO_LIMIT else read_rate_limit(text)
