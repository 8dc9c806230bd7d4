"""What the gateway reads from its environment."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.settings import CommonSettings

MIN_SECRET_CHARACTERS = 24


class GatewaySettings(CommonSettings):
    """Settings of one gateway, however many processes it runs."""

    http_host: str = Field(
        "127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 in containers"
    )
    http_port: int = Field(8000, ge=1, le=65535, description="port of the HTTP API and chat page")
    gateway_workers: int = Field(1, ge=1, le=64, description="gateway processes on this machine")
    gateway_connections: int = Field(
        10_000, ge=1, description="connections that one gateway process holds open at once"
    )
    job_deadline_seconds: float = Field(
        30.0, gt=0, le=3_600, description="age at which a message is no longer worth an answer"
    )
    wait_seconds: float = Field(
        30.0,
        gt=0,
        le=3_600,
        description="longest that POST /chat waits for the reply; also caps `Prefer: wait=N`",
    )
    event_streams: int = Field(
        1_000, ge=1, description="event streams that one gateway process serves at once"
    )
    handover_webhook_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="key that signs the webhook's events: `whsec_` and base64, or any text of 24 "
        "characters or more",
    )
    access_log: bool = Field(False, description="log one line per request, never its text")

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
