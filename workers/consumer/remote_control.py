"""Celery's remote control as this worker has it: each command is obeyed, or refused by a sentence.

Celery's own commands change kombu's consumer and the task pool, which do nothing here; they would
say "ok". These replace them under the same names, as Celery's manual has it for commands of one's
own. `state.consumer` is Celery's consumer, `state.consumer.batch_consumers` ours by queue.
"""

from collections.abc import Mapping
from typing import Any

from celery.worker import control
from celery.worker.control import control_command, inspect_command

Reply = Mapping[str, Any]


def _ok(sentence: str) -> Reply:
    return {"ok": sentence}


def _refused(sentence: str) -> Reply:
    return {"error": sentence}


@control_command(args=[("queue", str)], signature="<queue>")  # type: ignore[untyped-decorator]
def cancel_consumer(state: Any, queue: str, **_options: Any) -> Reply:
    """Tell worker(s) to lease nothing more from a queue; what they hold is answered."""
    consumers = state.consumer.batch_consumers
    if queue not in consumers:
        return _ok(f"this worker does not consume from {queue}")
    consumers[queue].pause()
    return _ok(f"no longer consuming from {queue}; what this worker holds is finished")


@control_command(  # type: ignore[untyped-decorator]
    args=[("queue", str), ("exchange", str), ("exchange_type", str), ("routing_key", str)],
    signature="<queue> [exchange [type [routing_key]]]",
)
def add_consumer(state: Any, queue: str, **_options: Any) -> Reply:
    """Tell worker(s) to consume from their queue again."""
    consumers = state.consumer.batch_consumers
    if queue not in consumers:
        own = ", ".join(consumers)
        known = queue in state.app.conf.parley_consumers
        other = f"start one with `parley worker {queue}`" if known else "no other queue is served"
        return _refused(f"this worker serves {own} alone; {other}")
    consumers[queue].resume()
    return _ok(f"consuming from {queue}")


@inspect_command()  # type: ignore[untyped-decorator]
def active_queues(state: Any) -> list[Mapping[str, Any]]:
    """List the task queues a worker is currently consuming from."""
    consumers = state.consumer.batch_consumers
    declared = state.consumer.task_consumer.queues if state.consumer.task_consumer else []
    active = [name for name, consumer in consumers.items() if not consumer.is_paused]
    return [dict(queue.as_dict(recurse=True)) for queue in declared if queue.name in active]


@control_command(  # type: ignore[untyped-decorator]
    args=[("task_name", str), ("rate_limit", str)],
    signature="<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>",
)
def rate_limit(state: Any, task_name: str, rate_limit: Any, **_options: Any) -> Reply:
    """Refuse a rate limit: batches have none."""
    if task_name not in state.app.tasks:
        return _refused("unknown task")
    if str(rate_limit or "0").partition("/")[0] in ("0", "0.0"):
        return _ok("there is no rate limit")
    return _refused(
        "messages are answered in batches, without rate limits: PARLEY_QUEUE_LIMIT bounds what "
        "may wait, PARLEY_MAX_BATCH a batch, and cancel_consumer pauses a worker"
    )


@control_command(  # type: ignore[untyped-decorator]
    args=[("task_name", str), ("soft", float), ("hard", float)],
    signature="<task_name> <soft_secs> [hard_secs]",
)
def time_limit(state: Any, task_name: str | None = None, **_options: Any) -> Reply:
    """Refuse a time limit: a batch is not cut off."""
    if task_name not in state.app.tasks:
        return _refused("unknown task")
    return _refused(
        "a batch is not cut off: a message's time is its `expires`, which the gateway sets by "
        "PARLEY_JOB_DEADLINE_SECONDS"
    )


_NO_POOL = (
    "this worker has no pool: its engine is one thread after the other. Start more workers "
    "(`parley worker QUEUE`, docker compose --scale), or set PARLEY_ENGINE_THREADS"
)


@control_command(args=[("n", int)], signature="[N=1]")  # type: ignore[untyped-decorator]
def pool_grow(_state: Any, **_options: Any) -> Reply:
    """Refuse to grow the pool: there is none."""
    return _refused(_NO_POOL)


@control_command(args=[("n", int)], signature="[N=1]")  # type: ignore[untyped-decorator]
def pool_shrink(_state: Any, **_options: Any) -> Reply:
    """Refuse to shrink the pool: there is none."""
    return _refused(_NO_POOL)


@control_command()  # type: ignore[untyped-decorator]
def pool_restart(_state: Any, **_options: Any) -> Reply:
    """Refuse to restart the pool: there is none."""
    return _refused(f"{_NO_POOL}. `shutdown` ends this worker; parley up starts it again")


@control_command(  # type: ignore[untyped-decorator]
    args=[("max", int), ("min", int)], signature="[max [min]]"
)
def autoscale(_state: Any, **_options: Any) -> Reply:
    """Refuse to scale the pool: there is none."""
    return _refused(_NO_POOL)


@control_command()  # type: ignore[untyped-decorator]
def enable_events(state: Any) -> Reply:
    """Tell worker(s) to send task events."""
    if not _switch_events(state, on=True):
        return _refused("PARLEY_TASK_EVENTS is off: this worker sends none")
    return _ok("task events enabled")


@control_command()  # type: ignore[untyped-decorator]
def disable_events(state: Any) -> Reply:
    """Tell worker(s) to stop sending task events."""
    _switch_events(state, on=False)
    return _ok("task events disabled")


def _switch_events(state: Any, *, on: bool) -> bool:
    done = [consumer.switch_events(on=on) for consumer in state.consumer.batch_consumers.values()]
    return all(done)


@control_command(variadic="task_id", signature="[id1 [id2 [... [idN]]]]")  # type: ignore[untyped-decorator]
def revoke(state: Any, task_id: Any, terminate: bool = False, **_options: Any) -> Reply:
    """Revoke task by task id (or list of ids)."""
    reply: Reply = control.revoke(state, task_id)
    revoked = [task_id] if isinstance(task_id, str) else list(task_id or ())
    for consumer in state.consumer.batch_consumers.values():
        consumer.hasten(revoked)
    if not terminate:
        return reply
    return _ok(f"{reply['ok']}; the engine is not interrupted, its result is dropped")


@control_command(  # type: ignore[untyped-decorator]
    variadic="task_id", args=[("signal", str)], signature="<signal> [id1 [id2 [... [idN]]]]"
)
def terminate(state: Any, task_id: Any, **_options: Any) -> Reply:
    """Revoke task by task id (or list of ids); no signal is sent."""
    reply: Reply = revoke(state, task_id, terminate=True)
    return reply


@control_command(  # type: ignore[untyped-decorator]
    variadic="headers", signature="[key1=value1 [key2=value2 [... [keyN=valueN]]]]"
)
def revoke_by_stamped_headers(_state: Any, **_options: Any) -> Reply:
    """Refuse to revoke by stamps: they are not read."""
    return _refused("stamps of messages are not read here: revoke by task id")


@inspect_command(alias="dump_active")  # type: ignore[untyped-decorator]
def active(state: Any, **_options: Any) -> list[Mapping[str, Any]]:
    """List of tasks that the engine works on."""
    return [_info(state, *each) for each in _held(state) if each[2]]


@inspect_command(alias="dump_reserved")  # type: ignore[untyped-decorator]
def reserved(state: Any, **_options: Any) -> list[Mapping[str, Any]]:
    """List of tasks that wait for the engine in this worker."""
    return [_info(state, *each) for each in _held(state) if not each[2]]


@inspect_command(variadic="ids", signature="[id1 [id2 [... [idN]]]]")  # type: ignore[untyped-decorator]
def query_task(state: Any, ids: Any, **_options: Any) -> Mapping[str, Any]:
    """Query for task information by id."""
    asked = [ids] if isinstance(ids, str) else list(ids)
    return {
        task_id: ("active" if is_active else "reserved", _info(state, task, task_id, is_active))
        for task, task_id, is_active in _held(state)
        if task_id in asked
    }


def _held(state: Any) -> list[tuple[str, str, bool]]:
    """Return task, id and whether the engine works on it, of each job that this worker holds."""
    held: list[tuple[str, str, bool]] = []
    for consumer in state.consumer.batch_consumers.values():
        held += consumer.held()
    return held


def _info(state: Any, task: str, task_id: str, is_active: bool) -> Mapping[str, Any]:
    """Return what Celery's own workers tell of a task, without the message."""
    return {
        "id": task_id,
        "name": task,
        "type": task,
        "args": ["…"],
        "kwargs": {},
        "hostname": state.hostname,
        "acknowledged": is_active,
    }
