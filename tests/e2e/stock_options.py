"""A Celery client that uses what Celery offers: prints how each of its tasks ended, as JSON."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery, chain, chord, group
from celery.exceptions import TimeoutError as NoResultInTime
from celery.result import GroupResult

ASKED = {"message": "How can I pay?"}
SECONDS = 30


def main() -> None:
    """Send all at once, then wait for each."""
    app = Celery("somebody", broker=sys.argv[1], backend=sys.argv[1])
    app.conf.broker_transport_options = {"priority_steps": list(range(10))}
    sent = {name: send(app) for name, send in TASKS.items()}
    deadline = time.monotonic() + SECONDS
    print(json.dumps({name: end(task, deadline) for name, task in sent.items()}))  # noqa: T201


def end(task: Any, deadline: float) -> str:
    """Return the state of a task once it has ended."""
    try:
        task.get(timeout=max(0.1, deadline - time.monotonic()), propagate=False)
    except NoResultInTime:
        return "silence"
    if isinstance(task, GroupResult):
        return "SUCCESS" if task.successful() else "FAILURE"
    return str(task.state)


def infer(app: Celery) -> Any:
    """Return the signature of a question."""
    return app.signature("chat.infer", queue="inference", args=[ASKED])


def nothing(app: Celery) -> Any:
    """Return a step without a message of its own."""
    return app.signature("chat.infer", queue="inference")


def option(**options: Any) -> Callable[[Celery], Any]:
    """Return a way to ask the question with options."""
    return lambda app: infer(app).apply_async(**options)


def old(app: Celery) -> Any:
    """Ask as Celery did before version 4."""
    url = app.conf.broker_url
    before = Celery("old", broker=url, backend=url, set_as_current=False)
    before.conf.task_protocol = 1
    return infer(before).apply_async(task_id="order/123 #4: Müller")


def called_off(app: Celery) -> Any:
    """Ask for later, and revoke it before its time."""
    task = infer(app).apply_async(countdown=SECONDS)
    task.revoke()
    return task


def words(app: Celery) -> Any:
    """Ask by the names of the arguments."""
    return app.send_task("chat.infer", kwargs=ASKED, queue="inference")


TASKS: Mapping[str, Callable[[Celery], Any]] = {
    "served: protocol 1": old,
    "served: kwargs": words,
    **{f"served: {name}": option(compression=name) for name in ("gzip", "bzip2", "lzma")},
    **{f"served: {name}": option(serializer=name) for name in ("yaml", "msgpack")},
    **{f"served: priority {level}": option(priority=level) for level in (1, 4, 9)},
    "served: countdown": option(countdown=1),
    "served: chain": lambda app: chain(infer(app), infer(app), app=app).apply_async(),
    "served: chord": lambda app: chord([infer(app)] * 2, infer(app), app=app).apply_async(),
    "served: group": lambda app: group([infer(app)] * 2, app=app).apply_async(),
    "revoked: expired": option(expires=-5),
    "revoked: called off": called_off,
    "refused: pickle": option(serializer="pickle"),
    "refused: countdown": option(countdown=10**6),
    "refused: id": option(task_id="a\tb"),
    "refused: chain": lambda app: chain(infer(app), nothing(app), app=app).apply_async(),
    "refused: chord": lambda app: chord(
        group([infer(app), nothing(app)], app=app), infer(app), app=app
    ).apply_async(),
}


if __name__ == "__main__":
    main()
