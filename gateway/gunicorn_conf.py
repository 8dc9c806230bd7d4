"""How gunicorn runs the gateway: `gunicorn -c python:gateway.gunicorn_conf`.

gunicorn imports this module once, in the process it forks from, and takes its names as settings.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, cast

from gateway.settings import GatewaySettings
from shared.errors import SettingsError
from shared.gc_tuning import freeze_gc
from shared.settings import load
from shared.tracing.start import check_tracing
from shared.web_address import url_host

_METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name; set: many processes
_STOP_POLL_SECONDS = 0.5

try:
    _settings = load(GatewaySettings)
    _settings.given_keys  # noqa: B018 - a faulty one stops the process here
    check_tracing(_settings)
except SettingsError as error:
    raise SystemExit(f"parley gateway: {error}") from None

wsgi_app = "gateway.wsgi:create()"
worker_class = "gateway.gunicorn_worker.GatewayWorker"
workers = _settings.gateway_workers
bind = [f"{url_host(_settings.http_host)}:{_settings.http_port}"]
worker_connections = _settings.gateway_connections
keepalive = 5  # also the time in which a request's headers must have come
# A stopped gateway answers what it holds; nothing it holds waits longer than this.
graceful_timeout = int(_settings.wait_seconds) + 5
timeout = 60
# PARLEY_TRUSTED_PROXIES says whose headers count; gunicorn by itself trusts this machine.
forwarded_allow_ips = ""
proc_name = default_proc_name = "parley-gateway"
control_socket_disable = True
logger_class = "gateway.gunicorn_logger.GunicornLogger"
loglevel = _settings.log_level
accesslog = "-" if _settings.access_log else None
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


def on_starting(server: Any) -> None:
    """Check options and who is let in, raise the limit of open files, make a metrics folder."""
    _refuse_foreign_options(server.cfg)
    if _settings.asks_always and not _settings.given_keys:
        check = subprocess.run((sys.executable, "-m", "gateway.exposure"), check=False)
        if check.returncode != 0:
            raise SystemExit(check.returncode)
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    if workers > 1:
        os.environ[_METRICS_DIR] = tempfile.mkdtemp(prefix="parley-gateway-metrics-")


def _refuse_foreign_options(cfg: Any) -> None:
    """End the process if GUNICORN_CMD_ARGS has changed what PARLEY_* says."""
    own = {"bind": bind, "workers": workers, "wsgi_app": wsgi_app, "timeout": timeout}
    changed = [name for name, value in own.items() if getattr(cfg, name) != value]
    if changed and "GUNICORN_CMD_ARGS" in os.environ:
        raise SystemExit(
            f"parley gateway: GUNICORN_CMD_ARGS sets {', '.join(changed)}, which PARLEY_* settings "
            "say here: take that out of it, or unset it"
        )


def post_worker_init(worker: Any) -> None:
    """Leave what is loaded by now out of garbage collection, and see to the end of streams."""
    freeze_gc()
    threading.Thread(target=_end_streams_at_stop, args=(worker,), daemon=True).start()


def _end_streams_at_stop(worker: Any) -> None:
    """End event streams once the process is to stop: it waits for all that it serves."""
    from gateway.wsgi import STREAMS

    while worker.alive:
        time.sleep(_STOP_POLL_SECONDS)
    for streams in worker.wsgi.extensions[STREAMS]:
        streams.end_all()


def child_exit(_server: Any, worker: Any) -> None:
    """Take a dead process's gauges out of the metrics."""
    if _METRICS_DIR in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        cast("Any", mark_process_dead)(worker.pid)


def on_exit(_server: Any) -> None:
    """Remove the shared metrics."""
    if _METRICS_DIR in os.environ:
        shutil.rmtree(os.environ[_METRICS_DIR], ignore_errors=True)
