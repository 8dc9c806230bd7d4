"""A gateway as gunicorn runs it, and the worker that a test plays for it."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import redis
import requests

from shared import keys, results, wire
from shared.jobs import Answer, EmbedJob, Reply, Timings, Tone
from tests.support.processes import free_port, wait_until

ROOT = Path(__file__).parent.parent.parent


class Gateway:
    """A gunicorn on a free port; a context manager. `root` holds the code that it runs."""

    root = ROOT

    def __init__(self, redis_url: str, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"gateway-{self.port}.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if "PARLEY" not in name},
            "PARLEY_REDIS_URL": redis_url,
            "PARLEY_HTTP_PORT": str(self.port),
            **settings,
        }

    def start(self) -> None:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:gateway.gunicorn_conf"],
                cwd=self.root,
                env={**self._environment, "PYTHONPATH": str(self.root)},
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def ask(self, message: str = "Hello", **headers: str) -> requests.Response:
        return requests.post(
            f"{self.url}/chat", json={"message": message}, headers=headers, timeout=40
        )

    def log(self) -> str:
        return self._log.read_text()

    def __enter__(self) -> "Gateway":
        self.start()
        wait_until(self.answers, 20)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)


def vectors_of(job: EmbedJob) -> bytes:
    """Return vectors of two zeros."""
    zeros = base64.b64encode(bytes(8 * len(job.texts))).decode()
    return json.dumps({"vectors": zeros, "dimension": 2, "tokens": len(job.texts)}).encode()


class Worker:
    """Answer what is queued for as long as the `with` block lasts."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            taken = self._client.brpop([keys.INFERENCE], timeout=1)
            if taken:
                self._answer(cast("tuple[bytes, bytes]", taken)[1])

    def _answer(self, raw: bytes) -> None:
        job = wire.read_inference_job(raw, time.time())
        tone, timings = Tone("neutral", 0.8), Timings(1, 1, 1, 1, 4)
        answer = Answer("answer", "greeting", 0.9)
        reply = Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "litert")
        body = vectors_of(job) if isinstance(job, EmbedJob) else results.encode_reply(reply)
        found = cast("bytes | None", self._client.hget(keys.job(job.id), "watchers"))
        watchers = (found or b"").decode().split() or [job.gateway or ""]
        with self._client.pipeline(transaction=True) as step:
            step.set(keys.result(job.id), results.celery_result(job.id, "done", body, 1.0))
            for watcher in watchers:
                notification = results.encode_notification(job.id, "done", body)
                step.publish(keys.replies(watcher), notification)
            step.delete(keys.job(job.id), keys.lane(job.conversation_id))
            step.execute()

    def __enter__(self) -> "Worker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)
