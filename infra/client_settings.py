"""What commands and tools that talk to a running gateway read from the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import load


class ClientSettings(BaseSettings):
    """Settings of a gateway's client."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True, extra="ignore")

    api_key: SecretStr | None = Field(
        None,
        description="API key that `parley ask`, `chat`, `top`, `handovers` and `evaluate` send",
    )


def key_headers(given: str | None = None) -> dict[str, str]:
    """Return the headers that carry a key, the setting's unless given; raise SettingsError."""
    secret = None if given else load(ClientSettings).api_key
    key = given or (secret.get_secret_value().strip() if secret else "")
    return {"Authorization": f"Bearer {key}"} if key else {}
