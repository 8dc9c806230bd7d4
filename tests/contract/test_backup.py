"""A backup of a real Redis, taken while it is written to, and brought back on another one."""

import json
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from infra.backup import open_files, write_backup
from infra.cli.exit_status import ExitStatus
from shared.errors import AlreadyThere, StackError
from tests.support.processes import RedisServer, wait_until

Parley = Callable[..., tuple[int, str, str]]


def test_what_was_acknowledged_before_comes_back(tmp_path: Path) -> None:
    stopped, written = threading.Event(), [0]

    def write(url: str) -> None:
        with redis.Redis.from_url(url) as client:
            while not stopped.is_set():
                client.rpush("written", written[0])
                written[0] += 1

    (tmp_path / "old").mkdir()
    with RedisServer(tmp_path / "old", append_only=True) as server:
        writer = threading.Thread(target=write, args=(server.url,))
        writer.start()
        with redis.Redis.from_url(server.url) as client:
            client.bgrewriteaof()  # under way or over when the copy begins
            while written[0] < 500:
                pass
            before = written[0]
            made = write_backup(client, tmp_path / "backup.tar")
            rewriting = client.config_get("auto-aof-rewrite-percentage")
        stopped.set()
        writer.join()
    assert made.bytes > 0
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600
    assert rewriting == {"auto-aof-rewrite-percentage": "100"}
    (tmp_path / "new").mkdir()
    with tarfile.open(tmp_path / "backup.tar") as archive:
        archive.extractall(tmp_path / "new", filter="data")
    with (
        RedisServer(tmp_path / "new", append_only=True) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        found = [int(each) for each in client.lrange("written", 0, -1)]
    assert found == list(range(len(found)))
    assert before <= len(found) <= written[0]


def test_the_command_says_what_it_wrote_and_overwrites_nothing(
    parley: Parley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RedisServer(tmp_path, append_only=True) as server:
        monkeypatch.setenv("PARLEY_REDIS_URL", server.url)
        code, out, _ = parley("backup", str(tmp_path / "one.tar"), "--json")
        assert (code, json.loads(out)["file"]) == (0, str(tmp_path / "one.tar"))
        code, _, err = parley("backup", str(tmp_path / "one.tar"))
        assert (code, "exists already" in err) == (ExitStatus.CONFLICT, True)
        code, _, err = parley("backup", str(tmp_path / "nowhere" / "two.tar"))
        assert (code, "cannot be written" in err) == (ExitStatus.FAILED, True)
    assert not list(tmp_path.glob("*.partial"))


def test_a_server_without_files_here_is_told(
    redis_client: "redis.Redis", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StackError, match="keeps no append-only file"):
        write_backup(redis_client, tmp_path / "backup.tar")
    settings = {"dir": str(tmp_path / ("x" * 300)), "appenddirname": "a", "appendonly": "yes"}
    monkeypatch.setattr(redis_client, "config_get", lambda *_names: settings)
    with pytest.raises(StackError, match="cannot be read: File name too long"):
        write_backup(redis_client, tmp_path / "backup.tar")
    (tmp_path / "there.tar").touch()
    with pytest.raises(AlreadyThere):
        write_backup(redis_client, tmp_path / "there.tar")


def test_what_redis_replaces_meanwhile_is_in_it_and_rewriting_is_never_left_off(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").mkdir()
    with (
        RedisServer(tmp_path / "old", append_only=True) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        client.rpush("written", *range(1000))
        folder = tmp_path / "old" / "appendonlydir"
        files = open_files(client, folder)
        assert client.config_get("auto-aof-rewrite-percentage") == {
            "auto-aof-rewrite-percentage": "100"
        }
        client.bgrewriteaof()
        wait_until(lambda: not (folder / Path(files[0].name).name).exists(), 20)
        held = {Path(each.name).name: each.read() for each in files}
        for each in files:
            each.close()
        with ThreadPoolExecutor() as pool:
            targets = [tmp_path / f"{number}.tar" for number in range(4)]
            made = list(pool.map(lambda file: write_backup(client, file), targets))
        assert client.config_get("auto-aof-rewrite-percentage") == {
            "auto-aof-rewrite-percentage": "100"
        }
    assert [each.file for each in made] == list(map(str, targets))
    (tmp_path / "new" / "appendonlydir").mkdir(parents=True)
    for name, content in held.items():
        (tmp_path / "new" / "appendonlydir" / name).write_bytes(content)
    with (
        RedisServer(tmp_path / "new", append_only=True) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        assert client.llen("written") == 1000
