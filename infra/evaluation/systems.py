"""What is evaluated: a pipeline of this process with some settings, or a running gateway."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from infra.client_settings import key_headers
from infra.evaluation.gateway import GatewayAsker, check_address
from shared.errors import CommandMisused
from shared.settings import load
from workers.evaluation.evaluate import AskerOver
from workers.evaluation.in_process import Pipelines
from workers.settings import WorkerSettings

EncoderChoice = Literal["small", "large", "cascade"]
VariantChoice = Literal["bert", "tfidf"]
_ENCODERS: tuple[EncoderChoice, ...] = get_args(EncoderChoice)
_VARIANTS: tuple[VariantChoice, ...] = get_args(VariantChoice)


@dataclass(frozen=True, slots=True)
class System:
    """One system under its name; what is None is as the settings have it."""

    name: str
    encoder: str | None = None
    variant: str | None = None
    url: str | None = None


def system_named(words: str) -> System:
    """Read a system: an encoder, a variant, both with a slash between, or a gateway's URL."""
    if "://" in words:
        return System(words, url=words)
    parts = words.split("/")
    encoders = [part for part in parts if part in _ENCODERS]
    variants = [part for part in parts if part in _VARIANTS]
    if len(parts) != len(encoders) + len(variants) or max(len(encoders), len(variants)) > 1:
        raise CommandMisused(
            f"{words!r} is no system: name one of {', '.join(_ENCODERS)}, one of "
            f"{', '.join(_VARIANTS)}, both with a slash between, or a URL."
        )
    return System(words, next(iter(encoders), None), next(iter(variants), None))


def open_system(system: System, *, connections: int, allow_remote: bool) -> AskerOver:
    """Return what answers for a system. Raises CommandMisused, SettingsError or ModelError."""
    if system.url:
        check_address(system.url, allow_remote=allow_remote)
        gateway = GatewayAsker(system.url, connections, headers=key_headers())

        def over(_base: Path) -> GatewayAsker:
            return gateway

        return over
    return Pipelines.load(load(WorkerSettings, **overrides(system))).over


def overrides(system: System) -> dict[str, str]:
    """Return the settings that a system has of its own. Raises CommandMisused."""
    chosen = {"encoder": system.encoder, "variant": system.variant}
    wanted = {name: value for name, value in chosen.items() if value is not None}
    for name, value in wanted.items():
        if name not in WorkerSettings.model_fields:
            raise CommandMisused(f"This Parley has no other {name} than one, not {value}.")
    return wanted
