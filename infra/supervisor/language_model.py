"""What can be said of the language model before a message needs it."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from infra.http_client import HTTP_ERRORS, HttpResponse, get
from infra.supervisor.settings import StackSettings
from shared.errors import ModelError, ModelUnavailable, StackError
from workers.settings import VoiceSettings

_MAGIC = b"GGUF"
_TIMEOUT_SECONDS = 3.0
_SHOWN_MODELS = 5
_LEAST_TARGET_MS = 600  # what a worker expects of its first reply, and some


def check_gguf(path: Path) -> None:
    """Raise ModelError unless the file can be read and begins as a GGUF file does."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"PARLEY_LLM_GGUF, {path}, cannot be read ({error.strerror}).") from None
    if begins != _MAGIC:
        raise ModelError(f"PARLEY_LLM_GGUF, {path}, is no GGUF file: it does not begin with GGUF.")


def check_language_model(settings: StackSettings, warn: Callable[[str], None]) -> str | None:
    """Check the model that `parley up` is to serve, or ask the server of PARLEY_LLM_URL.

    Returns what is there, None without a voice. A server that does not answer is a warning:
    messages are answered without it. Raises StackError or ModelError.
    """
    if settings.has_voice and settings.voice_target_ms < _LEAST_TARGET_MS:
        warn(
            f"PARLEY_VOICE_TARGET_MS is {settings.voice_target_ms}, too little for any model "
            f"(from {_LEAST_TARGET_MS} on): the entries' own words go out."
        )
    if settings.llm_url is not None:
        return _elsewhere(settings, warn)
    return _embedded(settings.llm_gguf, settings.llm_port) if settings.llm_gguf else None


def _embedded(gguf: Path, port: int) -> str:
    if find_spec("xllamacpp") is None:
        raise StackError(
            "PARLEY_LLM_GGUF is set, and llama.cpp is not installed: start with `make run`, which "
            "installs it, or install requirements/llama.txt."
        )
    check_gguf(gguf)
    return f"{gguf.name}, {gguf.stat().st_size / 1e6:,.0f} MB, served on port {port}"


def _elsewhere(settings: VoiceSettings, warn: Callable[[str], None]) -> str | None:
    try:
        names = served_models(settings)
    except ModelUnavailable as fault:
        warn(f"{fault} Until then the entries' own words go out.")
        return None
    chosen = settings.llm_model or (names[0] if names else "no model")
    return f"{chosen} at {settings.llm_url}"


def served_models(settings: VoiceSettings) -> list[str]:
    """Ask the server of PARLEY_LLM_URL for its models; raise ModelUnavailable with what to do."""
    address = urlsplit(settings.llm_address or "")
    origin, path = f"{address.scheme}://{address.netloc}", address.path.rstrip("/")
    key = settings.llm_key.get_secret_value() if settings.llm_key else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        response = get(origin, f"{path}/models", _TIMEOUT_SECONDS, headers)
    except HTTP_ERRORS as error:
        raise ModelUnavailable(
            f"The language model server at {origin} does not answer ({error}): start it, or "
            "correct PARLEY_LLM_URL."
        ) from None
    names = _names(response)
    if names is None:
        raise ModelUnavailable(_refusal(response.status, f"{origin}{path}"))
    if settings.llm_model and settings.llm_model not in names:
        shown = ", ".join(names[:_SHOWN_MODELS]) or "none"
        raise ModelUnavailable(
            f"The language model server at {origin} has no model {settings.llm_model!r}: set "
            f"PARLEY_LLM_MODEL to one that it has ({shown})."
        )
    return names


def _names(response: HttpResponse) -> list[str] | None:
    """Return the models' names from a list in OpenAI's form; None if it is something else."""
    found = response.json_object() if response.status == 200 else None
    models = (found or {}).get("data")
    if not isinstance(models, list):
        return None
    return [str(model["id"]) for model in models if isinstance(model, dict) and "id" in model]


def _refusal(status: int, address: str) -> str:
    if status in (401, 403):
        return f"The language model server at {address} refuses PARLEY_LLM_KEY ({status})."
    return (
        f"{address}/models answers {status} and no list of models: PARLEY_LLM_URL is to be the "
        "base address of an OpenAI-compatible server, which mostly ends with /v1."
    )
