"""Tell a container engine whether the service in this container is healthy.

`python -m infra.deploy.health inference` asks Redis for a heartbeat from this host on that queue;
an address in place of the queue must answer 200. The exit status is 0 or 1.

`--liveness` before the queue is for engines that restart what is unhealthy: while Redis does not
answer, nothing is known of the worker, and an outage must not restart all of them.
"""

import socket
import sys

from infra.supervisor.probes import http_status, live_workers
from shared.connection import REDIS_ERRORS
from shared.settings import CommonSettings, load

LIVENESS = "--liveness"


def main(*arguments: str) -> int:
    """Return the exit status for a queue's worker or an address, with the fault on stderr."""
    *options, service = arguments
    if service.startswith("http://"):
        fault = _address_fault(service)
    else:
        fault = _worker_fault(service, needs_redis=LIVENESS not in options)
    if fault:
        print(fault, file=sys.stderr)
    return int(fault is not None)


def _address_fault(url: str) -> str | None:
    status = http_status(url)
    return None if status == 200 else f"{url} answered {status or 'nothing'}"


def _worker_fault(queue: str, *, needs_redis: bool) -> str | None:
    host = socket.gethostname()
    try:
        workers = live_workers(load(CommonSettings).redis_address, queue)
    except REDIS_ERRORS as error:
        return f"Redis: {error}" if needs_redis else None
    if any(worker.host == host for worker in workers):
        return None
    return f"no heartbeat of a worker for {queue} on {host}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
