"""Gateway and workers reach a Redis that Sentinel names, and one behind TLS with a login."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import redis
from celery import Celery

from infra.supervisor.embedded_redis import server_program
from shared import keys
from shared.connection import connect
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess
from tests.support.processes import RedisServer, free_port, wait_until
from workers.celery_link import celery_link

SERVICE = "parley"
# What docs/operations.md says that a user needs.
RIGHTS = [
    "+@read",
    "+@write",
    "+@pubsub",
    "+@scripting",
    "+@connection",
    "+@transaction",
    "+info",
    "+time",
]


@contextmanager
def sentinel(folder: Path, master: RedisServer) -> Iterator[str]:
    """Run a real sentinel that watches a master; yield the URL that names it."""
    port = free_port()
    settings = folder / "sentinel.conf"
    settings.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile sentinel.log\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} 1000\n"
        f"sentinel failover-timeout {SERVICE} 3000\n"
    )
    process = subprocess.Popen([str(server_program()), str(settings), "--sentinel"])
    try:
        yield f"sentinel://127.0.0.1:{port}/{SERVICE}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def both_serve(url: str, gateway: Gateway, worker: WorkerProcess) -> bool:
    """Tell whether a question is answered and Celery's control channel reaches the worker."""
    if gateway.ask("Hello", Prefer="wait=5").status_code != 200:
        return False
    control = Celery("somebody")
    control.conf.update(celery_link(url))
    try:
        return bool(control.control.ping(timeout=1.0))
    except redis.RedisError:  # a server that is being made the master closes its connections
        return False
    finally:
        control.close()


def test_a_failover_by_sentinel_is_followed_by_all(tmp_path: Path, model_dir: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        master = RedisServer(folders[0], append_only=True)
        master.start()
        replica = stack.enter_context(RedisServer(folders[1], append_only=True))
        with redis.Redis.from_url(replica.url) as client:
            client.replicaof("127.0.0.1", master.port)
            wait_until(lambda: client.info("replication")["master_link_status"] == "up", 20)
        url = stack.enter_context(sentinel(tmp_path, master))
        wait_until(lambda: knows_the_replica(url), 30, 0.2)
        worker = stack.enter_context(WorkerProcess(url, keys.INFERENCE, tmp_path, model_dir))
        gateway = stack.enter_context(Gateway(url, tmp_path))
        wait_until(worker.lives, 90, 0.2)
        wait_until(lambda: both_serve(url, gateway, worker), 30, 0.2)
        master.kill()
        wait_until(lambda: gateway.ask("Hello", Prefer="wait=5").status_code == 200, 40, 0.2)
        wait_until(lambda: both_serve(url, gateway, worker), 30, 0.2)
        assert connected_port(url) == replica.port


def knows_the_replica(url: str) -> bool:
    """Tell whether the sentinel could fail over now."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    with redis.Redis(port=port) as client, suppress(redis.RedisError):
        return len(client.sentinel_slaves(SERVICE)) == 1
    return False


def connected_port(url: str) -> int:
    """Return the port of the server that a URL leads to."""
    with connect(url) as client:
        return int(client.info("server")["tcp_port"])


@contextmanager
def tls_before(server: RedisServer, folder: Path) -> Iterator[tuple[int, Path]]:
    """End TLS before a server; yield port and certificate."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", names),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener, context, server.port), daemon=True).start()
        yield listener.getsockname()[1], certificate
        listener.shutdown(socket.SHUT_RDWR)


def accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=relay, args=(plain, context, port), daemon=True).start()


def relay(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """Pass bytes both ways until one side ends."""
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port)) as behind,
        context.wrap_socket(plain, server_side=True) as before,
    ):
        back = threading.Thread(target=pump, args=(behind, before), daemon=True)
        back.start()
        pump(before, behind)
        back.join(timeout=5)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_a_login_over_tls_serves_all(
    redis_server: RedisServer, tmp_path: Path, model_dir: Path
) -> None:
    with redis.Redis.from_url(redis_server.url) as client, ExitStack() as stack:
        client.flushall()
        client.execute_command("ACL", "SETUSER", "app", "on", ">sec:ret", "~*", "&*", *RIGHTS)
        port, certificate = stack.enter_context(tls_before(redis_server, tmp_path))
        url = f"rediss://app:sec%3Aret@localhost:{port}/0?ssl_ca_certs={certificate}"
        worker = stack.enter_context(WorkerProcess(url, keys.INFERENCE, tmp_path, model_dir))
        gateway = stack.enter_context(Gateway(url, tmp_path))
        wait_until(worker.lives, 90, 0.2)
        wait_until(lambda: both_serve(url, gateway, worker), 30, 0.2)
        assert "app" in {connection["user"] for connection in client.client_list()}
        told = worker.log() + gateway.log()
        assert "sec:ret" not in told
        assert "sec%3Aret" not in told
        client.acl_deluser("app")


def test_a_foreign_certificate_is_refused(redis_server: RedisServer, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    with (
        tls_before(redis_server, tmp_path) as (port, _),
        connect(f"rediss://localhost:{port}/0", retries=0) as client,
        pytest.raises(redis.ConnectionError, match="certificate verify failed"),
    ):
        client.ping()
