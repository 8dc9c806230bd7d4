"""What must hold before anything starts; each fault is one sentence that says what to do."""

import errno
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import redis

from infra.supervisor import embedded_redis
from infra.supervisor.settings import StackSettings
from shared.errors import StackError, UnsuitableRedis
from shared.partitions import connect_partitions
from shared.redis_faults import describe_fault
from shared.redis_server import check_partitions, examine_server
from shared.web_address import url_host
from workers.encoder_choice import is_built

_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EACCES, errno.EAFNOSUPPORT)
RUN_BYTES = 700_000_000  # the append-only file, before and after it is rewritten
MODEL_BYTES = 700_000_000


def check_data_folder(folder: Path) -> None:
    """Make the data folder and prove that a file can be written there."""
    trial = folder / f".writable-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.write_bytes(b"\0" * 4096)
        trial.unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StackError(_no_space(folder, RUN_BYTES)) from None
        raise StackError(
            f"The data folder {folder} cannot be written ({error.strerror}): "
            "change its rights or set PARLEY_DATA_DIR to another folder."
        ) from None


def check_space(folder: Path, needed_bytes: int, free_bytes: int | None = None) -> None:
    """Raise StackError unless the folder's disk has this much room."""
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    if free < needed_bytes:
        raise StackError(_no_space(folder, needed_bytes, free))


def _no_space(folder: Path, needed_bytes: int, free_bytes: int = 0) -> str:
    return (
        f"The disk of {folder} has {free_bytes / 1e6:,.0f} MB free and needs "
        f"{needed_bytes / 1e6:,.0f} MB: free some or set PARLEY_DATA_DIR to another disk."
    )


def check_encoder(settings: StackSettings) -> None:
    """Raise StackError if PARLEY_ENCODER asks for a large model that is not built."""
    folder = settings.large_model_folder
    if settings.encoder in ("large", "cascade") and not is_built(folder):
        raise StackError(
            f"PARLEY_ENCODER is {settings.encoder}, but no large model is built in {folder}: "
            "run `parley model build --encoder large`, or unset PARLEY_ENCODER."
        )


def check_ports(settings: StackSettings, *, timeout_seconds: float = 0.0) -> None:
    """Raise StackError for the first port that is not free; two services on one port included.

    `timeout_seconds` is the time that services of a stack that was cut off have to end.
    """
    ports = {"PARLEY_HTTP_PORT": settings.http_port, "PARLEY_FLOWER_PORT": settings.flower_port}
    if settings.redis_url is None:
        ports["PARLEY_REDIS_PORT"] = settings.redis_port
    if settings.serves_language_model:
        ports["PARLEY_LLM_PORT"] = settings.llm_port
    _check_distinct(ports)
    deadline = time.monotonic() + timeout_seconds
    for setting, port in ports.items():
        host = settings.http_host if setting == "PARLEY_HTTP_PORT" else "127.0.0.1"
        while not is_port_free(port, host):
            if time.monotonic() >= deadline:
                raise StackError(
                    f"Port {port} is in use by another program: "
                    f"stop that program or set {setting} to another port."
                )
            time.sleep(0.1)


def _check_distinct(ports: dict[str, int]) -> None:
    by_port: dict[int, str] = {}
    for setting, port in ports.items():
        if port in by_port:
            raise StackError(
                f"{by_port[port]} and {setting} are both {port}: set one to another port."
            )
        by_port[port] = setting


def is_port_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen there now; raise StackError if the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        if error.errno in _NOT_OURS or isinstance(error, socket.gaierror):
            raise StackError(_no_address(host, port, error)) from None
        return False
    return True


def _no_address(host: str, port: int, error: OSError) -> str:
    return (
        f"Nothing can listen on {url_host(host)}:{port} ({error.strerror}): "
        "set PARLEY_HTTP_HOST to an address of this machine and the ports above 1023."
    )


def check_redis(settings: StackSettings, warn: Callable[[str], None]) -> str:
    """Check that the embedded server runs here, or that the configured one answers and can serve.

    Returns its kind and version. Raises StackError.
    """
    if settings.redis_url is None:
        return f"embedded {embedded_redis.server_version()}"
    try:
        opened = connect_partitions(settings.redis_url, settings.partitions)
        with opened.stock as client:
            server = examine_server(client)
            check_partitions(opened)
    except UnsuitableRedis as fault:
        raise StackError(f"The Redis of PARLEY_REDIS_URL cannot serve. {fault}") from None
    except (redis.RedisError, OSError, ValueError) as error:
        raise StackError(
            f"The Redis of PARLEY_REDIS_URL does not answer ({describe_fault(error)}): "
            "start it, correct the address, or unset it to use the embedded one."
        ) from None
    for warning in server.warnings:
        warn(warning)
    spread = "" if opened.is_one else f", {opened.hashed} partitions"
    return f"{server.kind} {server.version}{spread}".strip()
