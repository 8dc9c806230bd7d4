"""What `parley up` can be told through the environment."""

from pathlib import Path

from pydantic import Field

from shared.settings import CommonSettings


class StackSettings(CommonSettings):
    """Ports, folders and sizes of the local stack."""

    http_host: str = Field(
        "127.0.0.1", min_length=1, description="address that the gateway listens on"
    )
    http_port: int = Field(8000, ge=1, le=65535, description="port of the gateway")
    wait_seconds: float = Field(
        30.0,
        gt=0,
        le=3_600,
        description="longest that POST /chat waits for the reply; also caps `Prefer: wait=N`",
    )
    flower_port: int = Field(5555, ge=1, le=65535, description="port of Flower")
    flower_basic_auth: str | None = Field(
        None,
        pattern=r"^[^:,\s]+:[^,\s]+(,[^:,\s]+:[^,\s]+)*$",
        description="user:password that Flower asks for (several: parted by commas); unset: open",
    )
    model_dir: Path | None = Field(None, description="built model; unset: <data_dir>/model")
    inference_workers: int = Field(1, ge=1, le=64, description="inference workers to start")
    start_timeout_seconds: float = Field(
        300.0, gt=0, description="how long all parts together may take to become ready"
    )

    @property
    def data_folder(self) -> Path:
        """Return the data folder as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def model_folder(self) -> Path:
        """Return the folder of the built model as an absolute path."""
        return (self.model_dir or self.data_dir / "model").expanduser().absolute()

    @property
    def log_folder(self) -> Path:
        """Return the folder of the parts' logs."""
        return self.data_folder / "log"

    @property
    def redis_folder(self) -> Path:
        """Return the folder of the embedded Redis."""
        return self.data_folder / "redis"

    @property
    def gateway_url(self) -> str:
        """Return the address of the gateway on this machine."""
        everywhere = self.http_host in ("0.0.0.0", "localhost")  # noqa: S104 - compared only
        host = "127.0.0.1" if everywhere else self.http_host
        return f"http://{host}:{self.http_port}"

    @property
    def flower_url(self) -> str:
        """Return the address of Flower on this machine."""
        return f"http://127.0.0.1:{self.flower_port}"
