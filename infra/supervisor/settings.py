"""What `parley up` reads from the environment."""

import os
from pathlib import Path

from pydantic import Field

from gateway.settings import GatewaySettings
from shared.web_address import url_host
from workers.settings import VoiceSettings, WorkerSettings

# Where a gateway that listens everywhere, or on a name, is reached from the same machine.
_LOCAL_HOSTS = {"0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}  # noqa: S104


_OTHERS_PROCESSORS = 2  # those of gateway and workers, while the model writes


class LlamaSettings(VoiceSettings):
    """What the embedded language model server reads from the environment."""

    llm_host: str = Field(
        "127.0.0.1", description="address that the language model server of one's own listens on"
    )
    llm_slots: int = Field(
        4, ge=1, le=64, description="replies that this server writes at once; others wait"
    )
    llm_context_tokens: int = Field(
        4_096, ge=512, description="tokens that each of them may have, with what it is told"
    )
    llm_threads: int | None = Field(
        None,
        ge=1,
        le=256,
        description="CPU threads of this server; unset: two fewer than there are processors",
    )

    @property
    def llm_thread_count(self) -> int:
        """Return the threads that the server computes with."""
        return self.llm_threads or max(1, (os.cpu_count() or 1) - _OTHERS_PROCESSORS)


class StackSettings(GatewaySettings, WorkerSettings, LlamaSettings):
    """All settings of the gateway and the workers, and those of the stack around them."""

    flower_port: int = Field(5555, ge=1, le=65535, description="port of Flower")
    flower_basic_auth: str | None = Field(
        None,
        pattern=r"^[^:,\s]+:[^,\s]+(,[^:,\s]+:[^,\s]+)*$",
        description="user:password that Flower asks for (several: separated by commas); "
        "unset: open",
    )
    inference_workers: int = Field(1, ge=1, le=64, description="inference workers to start")
    start_timeout_seconds: float = Field(
        300.0, gt=0, description="how long all services together may take to become ready"
    )

    @property
    def data_folder(self) -> Path:
        """Return the data folder as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def model_folder(self) -> Path:
        """Return the folder of the built model as an absolute path."""
        return super().model_folder.expanduser().absolute()

    @property
    def log_folder(self) -> Path:
        """Return the folder of the services' logs."""
        return self.data_folder / "log"

    @property
    def redis_folder(self) -> Path:
        """Return the folder of the embedded Redis."""
        return self.data_folder / "redis"

    @property
    def serves_language_model(self) -> bool:
        """Return whether a language model server is among the services."""
        return self.llm_gguf is not None and self.llm_url is None

    @property
    def gateway_url(self) -> str:
        """Return the address of the gateway on this machine."""
        return local_url(self)

    @property
    def flower_url(self) -> str:
        """Return the address of Flower on this machine."""
        return f"http://127.0.0.1:{self.flower_port}"


def local_url(settings: GatewaySettings) -> str:
    """Return the address at which this machine reaches its own gateway."""
    host = _LOCAL_HOSTS.get(settings.http_host, settings.http_host)
    return f"http://{url_host(host)}:{settings.http_port}"
