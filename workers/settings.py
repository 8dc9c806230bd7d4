"""Settings of the workers."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from shared.settings import CommonSettings


class ModelSettings(CommonSettings):
    """Where the built model is."""

    model_dir: Path | None = Field(
        None, description="folder of the built model; unset: model in PARLEY_DATA_DIR"
    )

    @property
    def model_folder(self) -> Path:
        """Return the folder of the built model."""
        return self.model_dir or self.data_dir / "model"

    @property
    def large_model_folder(self) -> Path:
        """Return the folder of the large encoder, beside the small one's."""
        return self.model_folder.with_name(f"{self.model_folder.name}-large")


class WorkerSettings(ModelSettings):
    """What a worker reads from the environment."""

    engine: Literal["auto", "litert", "tensorflow", "simulated"] = Field(
        "auto",
        description="what runs the model; auto: what `parley model check --gate` chose, "
        "else TensorFlow if a GPU is found, else LiteRT int8",
    )
    kb: Path | None = Field(
        None, description="knowledge base file or folder; unset: the demo help centre"
    )
    max_batch: int = Field(32, ge=1, le=1024, description="most messages in one batch")
    token_budget: int = Field(1_024, ge=128, description="most tokens in one batch")
    engine_threads: int = Field(1, ge=1, le=256, description="CPU threads of one worker's engine")
    phrase_cache: int = Field(
        20_000, ge=0, description="prepared phrases that a worker remembers; 0: none"
    )
    task_events: Literal["ends", "full", "off"] = Field(
        "ends",
        description="what Celery's monitors hear of a task: its end, with all times; or also that "
        "it was received and that it started, at three times the price in Flower; or nothing",
    )
    vector_cache: int = Field(
        20_000, ge=0, description="questions whose vector a worker remembers; 0: none"
    )
    memory_messages: int = Field(
        500, ge=0, description="messages of one person that are kept to be recalled; 0: none"
    )
    memory_ttl_seconds: int = Field(
        2_592_000, ge=60, description="how long the memory of a silent person is kept"
    )
    gaps: bool = Field(
        False,
        description="keep messages that got no answer, redacted, for `parley kb gaps` "
        "([what](operations.md#learning-from-traffic))",
    )
    delivery_limit: int = Field(
        5, ge=1, description="times a message is delivered before it becomes a dead letter"
    )

    @field_validator("kb")
    @classmethod
    def _must_exist(cls, kb: Path | None) -> Path | None:
        if kb is not None and not kb.exists():
            raise ValueError("no such file or folder")
        return kb
