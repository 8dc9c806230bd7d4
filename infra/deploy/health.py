"""Tell a container engine whether the service in this container is healthy.

`python -m infra.deploy.health inference` asks Redis for a heartbeat from this host on that queue;
an address in place of the queue must answer 200. The exit status is 0 or 1.
"""

import socket
import sys

from infra.supervisor.probes import http_status, live_workers
from shared.connection import REDIS_ERRORS
from shared.settings import CommonSettings, load


def main(service: str) -> int:
    """Return the exit status for a queue's worker or an address, with the fault on stderr."""
    fault = _address_fault(service) if service.startswith("http://") else _worker_fault(service)
    if fault:
        print(fault, file=sys.stderr)
    return int(fault is not None)


def _address_fault(url: str) -> str | None:
    status = http_status(url)
    return None if status == 200 else f"{url} answered {status or 'nothing'}"


def _worker_fault(queue: str) -> str | None:
    host = socket.gethostname()
    try:
        workers = live_workers(load(CommonSettings).redis_address, queue)
    except REDIS_ERRORS as error:
        return f"Redis: {error}"
    if any(worker.host == host for worker in workers):
        return None
    return f"no heartbeat of a worker for {queue} on {host}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
