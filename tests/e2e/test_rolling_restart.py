"""Every process is restarted in turn under load: no client meets an error, no message is lost."""

import signal
import threading
import uuid
from collections import Counter
from pathlib import Path

import redis
import requests

from shared import keys
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.processes import RedisServer, wait_until


class Client:
    """Ask again and again over a kept connection, as a careful program does.

    A connection that breaks is tried again with the same Idempotency-Key; an answer is final.
    """

    def __init__(self, url: str, stopped: threading.Event) -> None:
        self._url = url
        self._stopped = stopped
        self.statuses: Counter[int] = Counter()
        self.broken = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with requests.Session() as session:
            while not self._stopped.is_set():
                self.statuses[self._ask(session)] += 1

    def _ask(self, session: requests.Session) -> int:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        while True:
            try:
                body = {"message": "Where is my gift card?"}
                answer = session.post(f"{self._url}/chat", json=body, headers=headers, timeout=40)
            except requests.ConnectionError:
                self.broken += 1
            else:
                return answer.status_code


def test_each_in_turn(tmp_path: Path, model_dir: Path) -> None:
    stopped = threading.Event()
    with (
        RedisServer(tmp_path, append_only=True) as server,
        WorkerProcess(server.url, keys.INFERENCE, tmp_path, model_dir) as inference,
        WorkerProcess(server.url, keys.SENTIMENT, tmp_path, model_dir) as sentiment,
        Gateway(server.url, tmp_path) as gateway,
    ):
        wait_until_alive(inference, sentiment)
        clients = [Client(gateway.url, stopped) for _ in range(6)]
        for client in clients:
            client.thread.start()
        answered_more(clients)
        for worker in (inference, sentiment):
            assert worker.stop() == 0
            worker.start()
            wait_until_alive(worker)
            answered_more(clients)
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: gateway.log().count("Booting worker") == 2, 30, 0.1)
        wait_until(lambda: gateway.log().count("Worker exiting") == 1, 20, 0.1)
        answered_more(clients)
        stopped.set()
        for client in clients:
            client.thread.join(timeout=45)
        assert {status for client in clients for status in client.statuses} == {200}
        assert sum(client.broken for client in clients) == 0
        with redis.Redis.from_url(server.url) as database:
            assert database.llen(keys.INFERENCE) == 0
            assert not list(database.scan_iter(keys.lease("*")))
        assert "messages returned to the queue" in inference.log()


def answered_more(clients: list[Client]) -> None:
    """Wait until every client has been answered a few more times."""
    before = [client.statuses.total() for client in clients]
    wait_until(
        lambda: all(
            client.statuses.total() > count + 3
            for client, count in zip(clients, before, strict=True)
        ),
        60,
        0.1,
    )
