"""Celery's own tools see Parley as any Celery worker: a stock client, revocation, Flower."""

import base64
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import redis
import requests
from celery import Celery
from celery.exceptions import TaskRevokedError

from tests.e2e.conftest import FLOWER_LOGIN, Stack
from tests.support.processes import wait_until

CLIENT = Path(__file__).parent / "stock_client.py"
OPTIONS = Path(__file__).parent / "stock_options.py"


def run_client(stack: Stack, message: str, conversation: str) -> dict[str, Any]:
    return run_script(CLIENT, stack.redis_url, message, conversation)


def run_script(script: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=CLIENT.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_stock_client_gets_the_same_reply_object(stack: Stack) -> None:
    result = run_client(stack, "I am so angry, my parcel is late again!!", "from-stock-client")
    assert result["state"] == "SUCCESS"
    reply = result["reply"]
    over_http = requests.post(
        f"{stack.url}/chat",
        json={"message": "I am so angry, my parcel is late again!!"},
        timeout=20,
    ).json()
    assert reply.keys() == over_http.keys()
    assert reply["answer"]["id"] == over_http["answer"]["id"]
    assert reply["job_id"] == result["id"]
    assert reply["conversation_id"] == "from-stock-client"
    assert reply["tone"]["label"] == "negative"


def test_a_malformed_task_fails_for_its_client_and_stops_nobody(stack: Stack) -> None:
    app = Celery("somebody", broker=stack.redis_url, backend=stack.redis_url)
    broken = app.send_task("chat.infer", [{"no_message": 1}], queue="inference")
    error = broken.get(timeout=20, propagate=False)
    assert "message" in str(error)
    assert broken.state == "FAILURE"
    assert run_client(stack, "How can I pay?", "after-broken")["state"] == "SUCCESS"


def test_an_expired_task_is_revoked(stack: Stack) -> None:
    app = Celery("somebody", broker=stack.redis_url, backend=stack.redis_url)
    late = app.send_task("chat.infer", [{"message": "hi"}], queue="inference", expires=-5)
    late_error = late.get(timeout=20, propagate=False)
    assert late.state == "REVOKED"
    assert isinstance(late_error, TaskRevokedError) or "time ran out" in str(late_error)


def flower(stack: Stack, path: str, **parameters: str) -> Any:
    """Ask Flower's API; None where it knows nothing."""
    answer = requests.get(
        f"{stack.flower_url}/api/{path}", params=parameters, auth=FLOWER_LOGIN, timeout=20
    )
    return answer.json() if answer.status_code == 200 else None


def test_flower_shows_workers_jobs_and_queues(stack: Stack) -> None:
    wait_until(stack.flower_ready, 60)
    job_id = run_client(stack, f"How can I pay? {uuid.uuid4()}", "flower")["id"]

    def shown() -> dict[str, Any]:
        return flower(stack, f"task/info/{job_id}") or {}

    wait_until(lambda: shown().get("state") == "SUCCESS", 30)
    assert shown()["name"] == "chat.infer"
    assert 0 < shown()["received"] <= shown()["started"] <= shown()["succeeded"]
    assert shown()["runtime"] > 0
    assert "pay" not in json.dumps(shown())
    workers = flower(stack, "workers", refresh="1")
    queues = [queue["name"] for worker in workers.values() for queue in worker["active_queues"]]
    assert sorted(queues) == ["inference", "sentiment"]
    lengths = flower(stack, "queues/length")["active_queues"]
    assert {queue["name"] for queue in lengths} == {"inference", "sentiment"}


def order(stack: Stack, path: str, **body: Any) -> requests.Response:
    """Give Flower's API an order."""
    return requests.post(
        f"{stack.flower_url}/api/{path}", data=json.dumps(body), auth=FLOWER_LOGIN, timeout=40
    )


def test_flower_gives_results_sends_tasks_and_aborts_them(stack: Stack) -> None:
    wait_until(stack.flower_ready, 60)
    asked = {"args": [{"message": "How can I pay?"}]}
    applied = order(stack, "task/apply/chat.infer", **asked).json()
    assert applied["state"] == "SUCCESS"
    assert applied["result"]["response"]
    sent = order(stack, "task/send-task/chat.infer", queue="inference", **asked).json()
    result = flower(stack, f"task/result/{sent['task-id']}", timeout="20")
    assert (result["state"], result["result"]["job_id"]) == ("SUCCESS", sent["task-id"])

    control = Celery("somebody", broker=stack.redis_url, backend=stack.redis_url).control
    [paused] = [
        reply
        for worker in control.cancel_consumer("inference", reply=True, timeout=5.0)
        for name, reply in worker.items()
        if name.startswith("inference@")
    ]
    try:
        assert "no longer consuming" in paused["ok"]
        ready = requests.get(f"{stack.url}/readyz", timeout=5).json()
        assert "paused" in ready["inference"]["reason"]
        waiting = order(stack, "task/async-apply/chat.infer", **asked).json()["task-id"]
        assert flower(stack, f"task/result/{waiting}")["state"] == "PENDING"
        assert order(stack, f"task/abort/{waiting}").status_code == 200
    finally:
        control.add_consumer("inference", reply=True, timeout=5.0)
    assert flower(stack, f"task/result/{waiting}", timeout="20")["state"] == "REVOKED"
    wait_until(stack.ready, 10)
    refused = order(stack, "task/rate-limit/chat.infer?workername=nobody&ratelimit=1/m")
    assert refused.status_code >= 400


def test_flower_is_locked_where_a_login_is_set(stack: Stack) -> None:
    wait_until(stack.flower_ready, 60)
    assert requests.get(f"{stack.flower_url}/api/workers", timeout=10).status_code == 401


def test_whatever_a_client_sends_ends_under_its_id(stack: Stack) -> None:
    ends = run_script(OPTIONS, stack.redis_url)
    wanted = {"served": "SUCCESS", "refused": "FAILURE", "revoked": "REVOKED"}
    assert ends == {name: wanted[name.partition(":")[0]] for name in ends}
    assert len(ends) > 15


def test_a_client_in_another_language_reads_its_result_where_it_looks(stack: Stack) -> None:
    """Lay gocelery's message on the queue, member by member, and poll its result as it does."""
    task_id = str(uuid.uuid4())
    asked = {"message": "How can I pay?", "conversation_id": "from-go"}
    task = {"id": task_id, "task": "chat.infer", "args": [asked], "kwargs": {}, "retries": 0}
    body = json.dumps({**task, "eta": None, "expires": None})
    message = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-type": "application/json",
        "properties": {
            "body_encoding": "base64",
            "correlation_id": str(uuid.uuid4()),  # not the task's id
            "reply_to": str(uuid.uuid4()),
            "delivery_info": {"priority": 0, "routing_key": "celery", "exchange": "celery"},
            "delivery_mode": 2,
            "delivery_tag": str(uuid.uuid4()),
        },
        "content-encoding": "utf-8",
    }
    with redis.Redis.from_url(stack.redis_url) as client:
        client.lpush("inference", json.dumps(message))
        wait_until(lambda: bool(client.exists(f"celery-task-meta-{task_id}")), 20)
        result = json.loads(client.get(f"celery-task-meta-{task_id}") or b"")
    assert (result["task_id"], result["status"]) == (task_id, "SUCCESS")
    assert (result["result"]["job_id"], result["result"]["conversation_id"]) == (task_id, "from-go")
    assert (result["traceback"], result["children"]) == (None, [])
