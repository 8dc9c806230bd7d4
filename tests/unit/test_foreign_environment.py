"""Variables of other applications change nothing here, or stop a process by their name."""

import os
import subprocess
import sys

import pytest

from infra.supervisor.foreign_environment import without_foreign
from shared.errors import SettingsError
from workers.celery_environment import IGNORED, refuse_foreign_options

OTHERS = {
    "CELERY_BROKER_URL": "amqp://elsewhere",
    "CELERY_BROKER_READ_URL": "amqp://elsewhere",
    "CELERY_BROKER_WRITE_URL": "amqp://elsewhere",
    "CELERY_RESULT_BACKEND": "rpc://",
    "CELERY_CONFIG_MODULE": "no_such_module",
    "CELERY_LOADER": "no_such:Loader",
    "BROKER_URL": "amqp://elsewhere",
    "RESULT_BACKEND": "rpc://",
}
OURS = "redis://127.0.0.1:1/5"


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **OTHERS, "PARLEY_REDIS_URL": OURS, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("first", ["broker_url", "broker_write_url", "result_backend"])
def test_the_link_is_parleys_own_whatever_is_read_of_it_first(first: str) -> None:
    script = (
        "from workers.celery_app import app\n"
        f"print(app.conf.{first})\n"
        "print(app.conf.broker_read_url, app.conf.broker_write_url, app.conf.result_backend)\n"
        "print(app.connection_for_write().as_uri(), app.backend.as_uri())\n"
    )
    ran = run(script)
    assert ran.returncode == 0, ran.stderr
    assert set(ran.stdout.replace(":**@", "").split()) == {OURS}
    for name in IGNORED:
        assert ran.stderr.count(f"{name} is ignored") == 1


def test_a_wrong_setting_ends_a_command_of_celery_with_one_sentence() -> None:
    ran = run("from workers.celery_app import app\napp.conf.broker_url", PARLEY_REDIS_URL="ftp://x")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("parley: PARLEY_REDIS_URL is 'ftp://x'")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["CELERY_WORKER_POOL", "CELERY_CUSTOM_WORKER_POOL"])
def test_an_option_that_celery_has_taken_already_stops_the_worker(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is set"):
        refuse_foreign_options({name: "gevent", "CELERY_WORKER_QUEUES": ""})
    refuse_foreign_options({"CELERY_WORKER_QUEUES": "", "PATH": "/bin"})


def test_services_are_started_without_what_others_have_set() -> None:
    foreign = {
        **OTHERS,
        **dict.fromkeys(("APP", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FLOWER_ADDRESS"), "x"),
        "CELERY_WORKER_POOL": "gevent",
        "FLOWER_PORT": "tcp://10.0.0.7:5555",
        "FLOWER_AUTO_PORT": "tcp://10.0.0.7:5555",
        "FLOWER_BASIC_AUTH": "",
    }
    kept = {"FLOWER_URL_PREFIX": "flower", "PATH": "/bin", "PARLEY_KB": "kb"}
    assert without_foreign({**foreign, **kept}) == kept


@pytest.mark.parametrize(
    ("arguments", "stops"),
    [("--bind=127.0.0.1:1", True), ("--workers 3", True), ("--reuse-port", False)],
)
def test_gunicorns_own_variable_moves_the_gateway_nowhere(arguments: str, stops: bool) -> None:
    script = (
        "from gunicorn.app.wsgiapp import WSGIApplication\n"
        "import sys\n"
        "sys.argv = ['gunicorn', '-c', 'python:gateway.gunicorn_conf']\n"
        "app = WSGIApplication()\n"
        "app.cfg.on_starting(type('Server', (), {'cfg': app.cfg}))\n"
        "print('bind', *app.cfg.bind)\n"
    )
    ran = run(script, GUNICORN_CMD_ARGS=arguments, FORWARDED_ALLOW_IPS="*", WEB_CONCURRENCY="9")
    assert ("GUNICORN_CMD_ARGS sets" in ran.stderr) is stops, ran.stderr
    assert ("bind 127.0.0.1:8000" in ran.stdout) is not stops


@pytest.mark.parametrize(
    ("host", "address"),
    [("::", "[::]:8000"), ("[::1]", "[::1]:8000"), ("127.0.0.1", "127.0.0.1:8000")],
)
def test_the_gateway_listens_on_ipv6_too(host: str, address: str) -> None:
    script = "from gateway import gunicorn_conf\nprint(*gunicorn_conf.bind)\n"
    ran = run(script, PARLEY_HTTP_HOST=host, PARLEY_OPEN_ACCESS="true")
    assert ran.stdout.strip() == address, ran.stderr
