"""Settings of the workers."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from shared.settings import CommonSettings
from shared.web_address import check_web_address
from workers.tenant_weights import read_weights
from workers.token_budgets import read_budgets
from workers.tone.prior import read_prior

VariantChoice = Literal["bert", "tfidf", "ab"]


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


class BudgetSettings(CommonSettings):
    """What a language model's words may cost."""

    voice_budget_tokens: str | None = Field(
        None,
        description="tokens, read and written, that a tenant's replies may cost a day (UTC), "
        "and those of tenants with a budget of their own: `50000,acme=200000`; beyond, the "
        "entries' own words; unset: no limit ([how](voice.md#cost))",
    )

    @field_validator("voice_budget_tokens")
    @classmethod
    def _must_be_budgets(cls, budgets: str | None) -> str | None:
        read_budgets(budgets)
        return budgets


class VoiceSettings(BudgetSettings):
    """What puts answers into a language model's words; without a server nothing does."""

    llm_url: str | None = Field(
        None,
        description="base address of an OpenAI-compatible server, as http://127.0.0.1:8000/v1, "
        "that puts answers into words; unset: the entries' own words ([how](voice.md))",
    )
    llm_model: str | None = Field(
        None, description="the model's name there; unset: the first one that the server lists"
    )
    llm_key: SecretStr | None = Field(None, description="API key of that server")
    llm_gguf: Path | None = Field(
        None,
        description="GGUF file of a model that `parley up` serves itself, with llama.cpp, if "
        "PARLEY_LLM_URL is unset",
    )
    llm_port: int = Field(8_091, ge=1, le=65535, description="port of that server")
    llm_max_places: int = Field(
        32, ge=1, le=256, description="most replies that one worker has the model write at once"
    )
    voice_target_ms: int = Field(
        5_000,
        ge=0,
        description="a reply in the model's words is whole this soon after the message was "
        "accepted, or goes out in the entries' own",
    )
    voice_style: str | None = Field(
        None, max_length=2_000, description="how replies shall sound: `short and formal; use du`"
    )
    voice_max_tokens: int = Field(
        400, ge=16, le=4_096, description="most tokens that a model writes for one reply"
    )

    @property
    def has_voice(self) -> bool:
        """Return whether a language model is configured."""
        return self.llm_url is not None or self.llm_gguf is not None

    @property
    def llm_address(self) -> str | None:
        """Return the server's base address, that of the embedded one if none is set."""
        return self.llm_url or (f"http://127.0.0.1:{self.llm_port}/v1" if self.llm_gguf else None)

    @property
    def voice_target_seconds(self) -> float:
        """Return the target in seconds."""
        return self.voice_target_ms / 1000

    @field_validator("llm_url")
    @classmethod
    def _must_be_a_server(cls, url: str | None) -> str | None:
        if url is not None:
            check_web_address(url)
            if "?" in url or "#" in url:  # a call would have to keep it behind its own path
                raise ValueError("it must have no query and no fragment")
        return url

    @field_validator("llm_gguf")
    @classmethod
    def _must_be_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path


class WorkerSettings(ModelSettings, VoiceSettings):
    """What a worker reads from the environment."""

    encoder: Literal["small", "large", "cascade"] | None = Field(
        None,
        description="what reads the messages; cascade: the small encoder, and the large one what "
        "that is not sure of; unset: cascade where both models are built, else small",
    )
    variant: VariantChoice = Field(
        "bert",
        description="what searches the knowledge base: the encoder, TF-IDF without a model, or an "
        "A/B test, in which each conversation keeps one of both",
    )
    latency_target_ms: int = Field(
        500,
        ge=0,
        description="a second look that would not be back this soon after the message was "
        "accepted is not asked for",
    )
    engine: Literal["auto", "litert", "onnx", "tensorflow", "simulated"] = Field(
        "auto",
        description="what runs the model; auto: what was chosen for this model on this machine, "
        "else TensorFlow if a GPU is found, else the faster of LiteRT and ONNX Runtime",
    )
    kb: Path | None = Field(
        None,
        description="knowledge base file or folder, in which tenants/NAME is a tenant's own; "
        "unset: the demo help centre",
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
    tone_prior: str = Field(
        "negative=0.55,neutral=0.3,positive=0.15",
        description="how common each tone is among your messages: what is in doubt is decided by "
        "it, and that alone",
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
    tenant_weights: str | None = Field(
        None,
        description="messages of a tenant that are taken in a round in which others get one each: "
        "`acme=3,default=2`; unset: one of each",
    )
    delivery_limit: int = Field(
        5, ge=1, description="times a message is delivered before it becomes a dead letter"
    )

    @property
    def latency_target_seconds(self) -> float:
        """Return the latency target in seconds."""
        return self.latency_target_ms / 1000

    @field_validator("tone_prior")
    @classmethod
    def _must_be_a_prior(cls, prior: str) -> str:
        read_prior(prior)
        return prior

    @field_validator("tenant_weights")
    @classmethod
    def _must_be_weights(cls, weights: str | None) -> str | None:
        read_weights(weights)
        return weights

    @field_validator("kb")
    @classmethod
    def _must_exist(cls, kb: Path | None) -> Path | None:
        try:
            is_there = kb is None or kb.exists()
        except OSError as fault:
            raise ValueError(f"it cannot be reached ({fault.strerror})") from None
        if not is_there:
            raise ValueError("no such file or folder")
        return kb
