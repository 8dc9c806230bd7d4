"""`parley doctor`: check a machine before Parley runs on it."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.cli.output import console, print_json
from infra.cli.weak_settings import weak_settings
from infra.supervisor import checks
from infra.supervisor.language_model import check_language_model
from infra.supervisor.lock import owner
from infra.supervisor.model import built_model
from infra.supervisor.settings import StackSettings
from shared.api_keys import ApiKey
from shared.errors import ParleyError, ProtocolMismatch, QueueUnavailable
from shared.foreign_lists import ForeignLists
from shared.key_store import RedisKeyStore
from shared.partitions import connect_partitions
from shared.processor import missing_instructions
from shared.protocol_version import ProtocolRegister
from shared.settings import CommonSettings, load
from shared.tracing.start import check_tracing
from workers.encoder_choice import chosen_encoder

State = Literal["ok", "warn", "fail"]
_PACKAGES = ("celery", "flask", "gunicorn", "ai-edge-litert", "tokenizers", "redis", "flower")
_NEEDED_MEMORY_BYTES = 2_000_000_000
_LARGE_MEMORY_BYTES = 1_200_000_000  # of a worker of the large encoder
_MARKS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check; `told` is a value or a sentence that says what to do."""

    name: str
    state: State
    told: str


def examine() -> list[Finding]:
    """Check everything that Parley needs; nothing is started or changed."""
    try:
        settings = load(StackSettings)
    except ParleyError as error:
        return [_python(), Finding("settings", "fail", str(error))]
    checkers: dict[str, Callable[[], Iterator[Finding]]] = {
        "packages": _packages,
        "redis": lambda: _redis(settings),
        "protocol": lambda: _protocol(settings),
        "queues": lambda: _queues(settings),
        "model": lambda: _model(settings),
        "voice": lambda: _voice(settings),
        "ports": lambda: _ports(settings),
        "disk": lambda: _disk(settings),
        "memory": lambda: _memory(settings),
        "gpu": _gpu,
        "security": lambda: _security(settings),
    }
    found = [finding for name, check in checkers.items() for finding in _guarded(name, check)]
    return [_python(), *_processor(), Finding("settings", "ok", "valid"), *found]


def show(findings: Sequence[Finding], *, as_json: bool) -> bool:
    """Print the findings; return whether nothing failed."""
    sound = all(finding.state != "fail" for finding in findings)
    if as_json:
        print_json({"sound": sound, "findings": findings})
        return sound
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        table.add_row(_MARKS[finding.state], finding.name, Text(finding.told))
    console().print(table, highlight=False)
    return sound


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Turn an error that explains itself into a finding."""
    try:
        yield from check()
    except ParleyError as error:
        yield Finding(name, "fail", str(error))


def _python() -> Finding:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("python", "ok", f"{version} on {platform.system()} {platform.machine()}")
    return Finding("python", "fail", f"{version}: Parley needs 3.11, 3.12 or 3.13")


def _processor() -> Iterator[Finding]:
    if fault := missing_instructions():
        yield Finding("processor", "warn", fault)


def _packages() -> Iterator[Finding]:
    missing = []
    for name in _PACKAGES:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    check_tracing(load(CommonSettings))
    if missing:
        yield Finding("packages", "fail", f"missing: {', '.join(missing)}; run `make run`")
    else:
        yield Finding("packages", "ok", f"{len(_PACKAGES)} of {len(_PACKAGES)} key packages")


def _redis(settings: StackSettings) -> Iterator[Finding]:
    warnings: list[str] = []
    server = checks.check_redis(settings, warnings.append)
    source = ", as PARLEY_REDIS_URL says" if settings.redis_url else ""
    yield Finding("redis", "ok", f"{server}{source}")
    yield from (Finding("redis", "warn", warning) for warning in warnings)


def _protocol(settings: StackSettings) -> Iterator[Finding]:
    """Tell of which version the data is, and which versions the live processes speak."""
    try:
        with connect_partitions(settings.redis_address, settings.partitions).home as client:
            register = ProtocolRegister(client)
            data, live = register.check(), register.live()
    except ProtocolMismatch as fault:
        yield Finding("protocol", "fail", str(fault))
        return
    except QueueUnavailable:  # as before the first start
        return
    spoken = ", ".join(f"{count} of {version}" for version, count in sorted(live.items()))
    told = f"{data or 'none stored yet'}; live processes: {spoken or 'none'}"
    yield Finding("protocol", "ok", told)


def _queues(settings: StackSettings) -> Iterator[Finding]:
    """Warn of messages of Celery clients that no worker serves."""
    try:
        with connect_partitions(settings.redis_address, settings.partitions).stock as client:
            found = ForeignLists(client, settings.queue_lists).look_at_all()
    except QueueUnavailable:  # as before the first start
        return
    for name, messages in found.items():
        yield Finding(
            "queues",
            "warn",
            f"{messages} messages in {name!r}, which looks meant for Parley and is not served: see "
            "PARLEY_CELERY_SEPARATOR and PARLEY_CELERY_KEY_PREFIX",
        )


def _model(settings: StackSettings) -> Iterator[Finding]:
    manifest = built_model(settings.model_folder)
    if manifest is None:
        yield Finding("model", "warn", "not built; `make run` or `parley model build` does it")
    else:
        size = sum(file.bytes for file in manifest.files.values()) / 1e6
        detail = f"{manifest.source.name}, {size:.0f} MB, inputs {manifest.digest[:12]}"
        yield Finding("model", "ok", detail)
    yield _encoder(settings)


def _encoder(settings: StackSettings) -> Finding:
    checks.check_encoder(settings)
    choice = chosen_encoder(settings)
    large = built_model(settings.large_model_folder)
    told = f"{choice}; large model: {large.source.name if large else 'not built'}"
    return Finding("encoder", "ok", told)


def _voice(settings: StackSettings) -> Iterator[Finding]:
    warnings: list[str] = []
    found = check_language_model(settings, warnings.append)
    yield from (Finding("voice", "warn", warning) for warning in warnings)
    if not warnings:
        yield Finding("voice", "ok", found or "off: the entries' own words go out")


def _ports(settings: StackSettings) -> Iterator[Finding]:
    running = owner(settings)
    if running:
        yield Finding("ports", "ok", f"in use by this folder's own stack ({running})")
        return
    checks.check_ports(settings)
    ports = [settings.http_port, settings.flower_port]
    ports += [] if settings.redis_url else [settings.redis_port]
    ports += [settings.llm_port] if settings.serves_language_model else []
    yield Finding("ports", "ok", f"{', '.join(map(str, ports))} are free")


def _disk(settings: StackSettings) -> Iterator[Finding]:
    folder = _nearest(settings.data_folder)
    checks.check_space(folder, checks.RUN_BYTES)
    yield Finding("disk", "ok", f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free in {folder}")
    if not os.access(folder, os.W_OK):
        yield Finding("disk", "fail", f"{folder} cannot be written: set PARLEY_DATA_DIR")


def _memory(settings: StackSettings) -> Iterator[Finding]:
    free = _available_memory_bytes()
    if free is None:
        return
    large = 0 if chosen_encoder(settings) == "small" else _LARGE_MEMORY_BYTES
    own = settings.llm_gguf if settings.serves_language_model else None
    language_model = own.stat().st_size if own else 0  # contexts come on top
    state: State = "ok" if free >= _NEEDED_MEMORY_BYTES + large + language_model else "warn"
    yield Finding("memory", state, f"{free / 1e9:.1f} GB free, {os.cpu_count()} processors")


def _available_memory_bytes() -> int | None:
    """Return the bytes usable without swapping, caches included; None if unknown."""
    table = Path("/proc/meminfo")
    found = re.search(
        r"^MemAvailable:\s+(\d+) kB", table.read_text() if table.exists() else "", re.M
    )
    return int(found[1]) * 1024 if found else None


def _gpu() -> Iterator[Finding]:
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    detail = f"{len(devices)} NVIDIA" if devices else "none seen; the engine runs on the CPU"
    yield Finding("gpu", "ok", detail)


def _security(settings: StackSettings) -> Iterator[Finding]:
    """Warn of what lets in or shows more than is wise; a faulty key is a fault."""
    given = settings.given_keys
    keys = _known_keys(settings)
    found = list(weak_settings(settings, keys or (), time.time()))
    yield from (Finding(name, "warn", sentence) for name, sentence in found)
    if not found:
        count = len(given) + len(keys or ())
        told = f"{count} API keys" if count else "no API key, and reached from this machine alone"
        unknown = "; Redis does not answer and may hold more" if keys is None else ""
        yield Finding("security", "ok", f"no weak setting; {told}{unknown}")


def _known_keys(settings: StackSettings) -> Sequence[ApiKey] | None:
    """Return the keys in Redis; None if it does not answer, as before the first start."""
    try:
        with connect_partitions(settings.redis_address, settings.partitions).home as client:
            return RedisKeyStore(client).all_keys()
    except (QueueUnavailable, ValueError):
        return None


def _nearest(folder: Path) -> Path:
    """Return the folder or the closest one above it that exists."""
    return next(candidate for candidate in (folder, *folder.parents) if candidate.exists())
