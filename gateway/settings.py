"""What the gateway reads from its environment."""

from pydantic import Field

from shared.settings import CommonSettings


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
    access_log: bool = Field(False, description="log one line per request, never its text")
