"""The clients of docs/examples/clients, as they are, against a running stack and a busy gateway."""

import os
import shutil
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.e2e.conftest import ROOT, Stack
from tests.support.busy_gateway import running_busy_gateway

CLIENTS = ROOT / "docs" / "examples" / "clients"
ASKED = "Where is my parcel?"
COMMANDS = {
    "curl": (["sh", "parley.sh"], ("sh", "curl", "jq")),
    "python": ([sys.executable, "parley_client.py"], ()),
    "javascript": (["node", "parley.mjs"], ("node",)),
}


@pytest.fixture(params=sorted(COMMANDS))
def client(request: pytest.FixtureRequest) -> list[str]:
    """Name one client's command; skip it where what it needs is missing."""
    command, needed = COMMANDS[request.param]
    for program in needed:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")
    return command


def start(url: str, *command: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a client from the folder in which it lies."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return subprocess.Popen(
        command,
        cwd=CLIENTS,
        env={**kept, "PARLEY_URL": url, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a shell's own children end with it
    )


def end(process: "subprocess.Popen[str]") -> str:
    """Return what a client has printed, once it has ended well."""
    printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    return printed


def turns(stack: Stack, conversation: str) -> list[dict[str, Any]]:
    told = requests.get(f"{stack.url}/conversations/{conversation}", timeout=10).json()
    found: list[dict[str, Any]] = told["turns"]
    return found


def test_asks_streams_follows_and_rates(stack: Stack, client: list[str]) -> None:
    conversation = f'"asked" by {client[-1]}'
    asking = start(stack.url, *client, "ask", ASKED, conversation)
    others = [start(stack.url, *client, command, ASKED) for command in ("stream", "follow")]
    assert "**Track**" in end(asking)
    assert all("**Track**" in end(other) for other in others)
    job = turns(stack, conversation)[0]["job_id"]
    rated = start(stack.url, *client, "rate", job, "5", "Quick and clear.")
    assert end(rated) == ""

    refused = start(stack.url, *client, "rate", "no-such-job", "5")
    assert "no longer kept" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 1


def test_hears_what_a_person_says(stack: Stack, client: list[str]) -> None:
    conversation = f"person-{client[-1]}"
    body = {"message": "I want to talk to a person", "conversation_id": conversation}
    handover = requests.post(f"{stack.url}/chat", json=body, timeout=30).json()["job_id"]
    following = start(stack.url, *client, "person", conversation)
    assert following.stdout
    try:
        assert following.stdout.readline() == f"user: {body['message']}\n"
        assert following.stdout.readline().startswith("assistant: ")
        assert following.stdout.readline() == "[open]\n"
        for action, sent, heard in (
            ("claim", {"by": "anna"}, "[claimed]\n"),
            ("reply", {"text": "Anna here."}, "anna: Anna here.\n"),
            ("close", {}, "[closed]\n"),
        ):
            url = f"{stack.url}/handovers/{handover}/{action}"
            assert requests.post(url, json=sent, timeout=10).status_code == 200
            assert following.stdout.readline() == heard
    finally:
        os.killpg(following.pid, signal.SIGTERM)
        following.communicate()


def test_the_client_of_openai(stack: Stack) -> None:
    said = end(start(stack.url, sys.executable, "openai_chat.py", ASKED))
    assert said.startswith("Open **My account")
    assert len(said.strip().splitlines()) >= 2, "a reply, and one to the thanks"


def test_each_comes_back_when_told_under_the_same_key() -> None:
    clients = [command for command, needed in COMMANDS.values() if all(map(shutil.which, needed))]
    with running_busy_gateway() as gateway:
        key = "pk_a_secret"
        asking = [
            start(gateway.url, *client, "ask", ASKED, PARLEY_API_KEY=key) for client in clients
        ]
        assert [end(each) for each in asking] == ["At last.\n"] * len(clients)
    assert len(gateway.heard) == 2 * len(clients)
    assert len(set(gateway.heard)) == len(clients), "each has one Idempotency-Key of its own"
    assert {authorization for _, authorization in gateway.heard} == {f"Bearer {key}"}
