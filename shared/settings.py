"""Settings that every process reads, and the one way to read them."""

import os
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.environment import parley_variables
from shared.errors import SettingsError
from shared.logs import LogFormat, LogLevel
from shared.partition_names import MAX_PARTITIONS
from shared.queue_lists import QueueLists
from shared.redis_address import read_redis_address, without_password
from shared.redis_options import check_files
from shared.web_address import check_web_address

_EMBEDDED_PORT = 6390


class CommonSettings(BaseSettings):
    """Where Redis and the data are. Each process adds its own settings in a subclass."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True, extra="ignore")

    redis_url: str | None = Field(
        None,
        description="Redis for queue and results: redis, rediss, unix, sentinel or "
        "redis+cluster; unset: embedded",
    )
    partitions: int | None = Field(
        None,
        ge=1,
        le=MAX_PARTITIONS,
        description="into how many parts conversations are spread; fixed while Redis holds data; "
        "unset: 16 on a cluster, else 1 ([how](redis-cluster.md))",
    )
    replica_acks: int = Field(
        0,
        ge=0,
        le=5,
        description="replicas that must have a message, or its reply, before it counts as taken "
        "([price](redis-cluster.md#waiting-for-replicas))",
    )
    redis_port: int = Field(
        _EMBEDDED_PORT, ge=1, le=65535, description="port of the embedded Redis"
    )
    data_dir: Path = Field(Path("var"), description="models, caches, logs and the embedded Redis")
    queue_limit: int = Field(
        10_000, ge=1, description="messages that may wait before new ones are refused with 503"
    )
    result_ttl_seconds: int = Field(
        3_600, ge=10, description="how long a reply can be fetched again"
    )
    conversation_ttl_seconds: int = Field(
        86_400, ge=60, description="how long a silent conversation is remembered"
    )
    celery_separator: str = Field(
        "",
        max_length=16,
        description="what stands between queue and priority for Celery clients that set `sep`; "
        "unset: kombu's own ([how](protocol.md#celery-clients))",
    )
    celery_key_prefix: str = Field(
        "",
        max_length=100,
        description="prefix of the queues of Celery clients that set `global_keyprefix`",
    )
    handover_webhook: str | None = Field(
        None,
        description="http or https address that hears of handovers; unset: none "
        "([how](operations.md#handovers))",
    )
    traces: str | None = Field(
        None,
        description="http or https address of an OpenTelemetry collector (OTLP/HTTP) that traces "
        "go to; unset: none ([how](tracing.md))",
    )
    traces_ratio: float = Field(
        1.0, ge=0, le=1, description="share of the traces begun here that are recorded"
    )
    log_format: LogFormat = Field(
        "text", description="form of log lines: text for people, json for programs"
    )
    log_level: LogLevel = Field(
        "info",
        description="least severe log lines that are written: debug, info, warning or error; "
        "Celery's --loglevel takes precedence",
    )

    @field_validator("redis_url")
    @classmethod
    def _must_be_whole(cls, url: str | None) -> str | None:
        if url is not None:
            check_files(read_redis_address(url).options)
        return url

    @field_validator("redis_port", mode="before")
    @classmethod
    def _must_fit_if_it_is_used(cls, port: object, others: ValidationInfo) -> object:
        return _EMBEDDED_PORT if others.data.get("redis_url") else port

    @field_validator("handover_webhook", "traces")
    @classmethod
    def _must_be_an_address(cls, url: str | None) -> str | None:
        if url is not None:
            check_web_address(url)
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment as `parley_variables` does."""
        cast("Any", env_settings).env_vars = parley_variables(os.environ)
        return super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )

    @property
    def queue_lists(self) -> QueueLists:
        """Return the lists that Celery clients may lay messages in."""
        return QueueLists(self.celery_separator, self.celery_key_prefix)

    @property
    def redis_address(self) -> str:
        """Return the URL to connect to, the embedded server's if none is set."""
        return self.redis_url or f"redis://127.0.0.1:{self.redis_port}/0"


_HIDDEN = (
    "_SECRET",
    "_KEY",
    "_KEYS",
    "_AUTH",
    "_WEBHOOK",
)  # endings of settings whose values are secrets
SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(settings: type[SettingsT], **overrides: object) -> SettingsT:
    """Read settings from the environment; raise SettingsError that names the faulty variable."""
    try:
        return settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        name = "PARLEY_" + "_".join(str(part) for part in fault["loc"]).upper()
        reason = fault["msg"].lower().removeprefix("value error, ")
        given = repr(without_password(str(fault["input"])))
        faults.append(f"{name} is {'not valid' if name.endswith(_HIDDEN) else given}: {reason}")
    return "; ".join(faults)
