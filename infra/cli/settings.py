"""What the commands that talk to a running gateway read from the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClientSettings(BaseSettings):
    """Settings of a gateway's client in a terminal."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True, extra="ignore")

    api_key: SecretStr | None = Field(
        None, description="API key that `parley ask`, `chat` and `handovers` send to the gateway"
    )
