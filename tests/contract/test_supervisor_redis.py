"""The embedded Redis after a crash: a file cut short, a tail of zeros, a ruined file."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from infra.supervisor import embedded_redis
from infra.supervisor.probes import RedisProbe
from shared.errors import StackError
from tests.support.processes import free_port, wait_until


@contextmanager
def serving(folder: Path) -> Iterator["redis.Redis"]:
    """Run the stack's own Redis until the block ends, then end it as a crash would."""
    port = free_port()
    server = subprocess.Popen(
        embedded_redis.server_command(port, folder), stdout=subprocess.DEVNULL
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: RedisProbe(url).is_ready(server.pid) or server.poll() is not None, 20)
        assert server.poll() is None, "Redis did not start"
        with redis.Redis.from_url(url) as client:
            yield client
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def queue_file(tmp_path: Path) -> Path:
    """Write a hundred keys and kill the server; return the file that holds them.

    While the disk is slow to sync, Redis keeps what it has acknowledged in its own memory for up to
    two seconds (`appendfsync everysec`); that case is waited for here.
    """
    with serving(tmp_path) as client:
        for number in range(100):
            client.set(f"key-{number}", "x" * 200)
        wait_until(lambda: client.info("persistence")["aof_buffer_length"] == 0, 20)
    return next((tmp_path / "appendonlydir").glob("*.incr.aof"))


def test_nothing_is_lost_when_the_server_is_killed(queue_file: Path, tmp_path: Path) -> None:
    assert embedded_redis.repair_append_only_file(tmp_path) is None
    with serving(tmp_path) as client:
        assert client.dbsize() == 100


def test_a_file_cut_short_loses_only_its_last_command(queue_file: Path, tmp_path: Path) -> None:
    queue_file.write_bytes(queue_file.read_bytes()[:-20])
    embedded_redis.repair_append_only_file(tmp_path)
    with serving(tmp_path) as client:
        assert client.dbsize() == 99


def test_a_tail_of_zeros_is_cut_off_and_kept_aside(queue_file: Path, tmp_path: Path) -> None:
    damaged = queue_file.read_bytes() + b"\0" * 4096
    queue_file.write_bytes(damaged)
    fields = embedded_redis.repair_append_only_file(tmp_path)
    assert fields is not None
    assert "4,096 unreadable bytes" in fields
    (kept,) = tmp_path.glob("appendonlydir.damaged-*")
    assert (kept / queue_file.name).read_bytes() == damaged
    with serving(tmp_path) as client:
        assert client.dbsize() == 100


def test_a_ruined_file_is_left_for_a_person(queue_file: Path, tmp_path: Path) -> None:
    ruined = queue_file.read_bytes() + b"\0" * (embedded_redis.REPAIRABLE_BYTES + 1)
    queue_file.write_bytes(ruined)
    with pytest.raises(StackError, match=r"appendonlydir is damaged .*put that folder aside"):
        embedded_redis.repair_append_only_file(tmp_path)
    assert queue_file.read_bytes() == ruined


def test_a_first_start_has_nothing_to_mend(tmp_path: Path) -> None:
    assert embedded_redis.repair_append_only_file(tmp_path) is None


def test_the_queue_is_durable_local_and_never_evicts(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        fields = {
            name: client.config_get(name)[name]
            for name in ("appendonly", "appendfsync", "maxmemory-policy", "bind")
        }
    assert fields == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }


def test_the_program_tells_its_version() -> None:
    assert embedded_redis.server_version().split(".")[0].isdigit()


def test_without_the_package_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_redis, "find_spec", lambda name: None)
    with pytest.raises(StackError, match=r"not installed: run `make run`.*PARLEY_REDIS_URL"):
        embedded_redis.server_program()
