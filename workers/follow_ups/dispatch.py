"""Sends what follows the end of a task, by Celery's own canvas, as a worker of Celery's would.

Source of the order of steps: `celery.app.trace` and `celery.backends.base.mark_as_failure`.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
from celery import Celery, group, signature
from celery.app.task import Context
from celery.result import denied_join_result
from kombu.exceptions import OperationalError

from shared import keys
from shared.connection import REDIS_ERRORS
from shared.errors import QueueUnavailable
from shared.follow_ups import EndedTask
from shared.results import JobRecord, failure_detail
from workers.celery_environment import ParleyCelery
from workers.celery_link import celery_link


class JobFailed(Exception):
    """What callbacks and chords are told of a job that has no answer."""

    __module__ = "parley.errors"


def follow_up_app(redis_address: str, result_ttl_seconds: int) -> Celery:
    """Return a Celery application that only sends; its tasks are those of other workers."""
    loader = "workers.celery_environment:OwnLoader"
    app = ParleyCelery("parley-follow-ups", loader=loader, set_as_current=False)
    app.conf.update(
        **celery_link(redis_address),
        result_expires=result_ttl_seconds,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_routes={
            keys.INFER_TASK: {"queue": keys.INFERENCE},
            keys.EMBED_TASK: {"queue": keys.INFERENCE},
            keys.TONE_TASK: {"queue": keys.SENTIMENT},
        },
    )
    return app


class FollowUpDispatcher:
    """Send callbacks and the rest of chains, count parts of chords."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, ended: EndedTask, record: JobRecord) -> None:
        """Send all that follows; `record` is how the task ended.

        Raises QueueUnavailable without Redis, and whatever Celery raises of a faulty signature.
        """
        try:
            with denied_join_result():  # else the backend subscribes to the results of all it sends
                self._send(ended, record)
        except (OperationalError, *REDIS_ERRORS) as fault:
            raise QueueUnavailable(f"Redis: {fault}") from fault

    def _send(self, ended: EndedTask, record: JobRecord) -> None:
        if record.state == "done":
            self._succeed(ended, msgspec.json.decode(record.body or b"null"))
        else:
            self._fail(ended, JobFailed(_detail(record)), revoked=record.state != "failed")

    def _succeed(self, ended: EndedTask, reply: Any) -> None:
        wanted = ended.follow_ups
        options = _options(ended)
        with ExitStack() as steps:  # each is tried, whatever comes of the others
            if wanted.chord:
                part = (_request(ended), "SUCCESS", reply)
                steps.callback(self._app.backend.on_chord_part_return, *part)
            if wanted.chain:
                steps.callback(self._go_on, wanted.chain, reply, options)
            for callback in reversed(wanted.callbacks):
                steps.callback(self._apply, callback, reply, options)

    def _fail(self, ended: EndedTask, fault: JobFailed, *, revoked: bool) -> None:
        """Tell chord and chain, so that nobody waits; a task that was revoked has no errbacks."""
        wanted, backend, request = ended.follow_ups, self._app.backend, _request(ended)
        if wanted.chord:
            backend.on_chord_part_return(request, "REVOKED" if revoked else "FAILURE", fault)
        if wanted.chain:
            backend._fail_chain(list(wanted.chain), fault)  # noqa: SLF001 - there is no public way
        if wanted.errbacks and not revoked:
            errbacks = [self._signature(each) for each in wanted.errbacks]
            group(errbacks, app=self._app).apply_async((ended.id,), **_options(ended))

    def _apply(self, written: Mapping[str, Any], reply: Any, options: Mapping[str, Any]) -> None:
        following = self._signature(written)
        if "headers" in options:
            given = {**(following.options.get("headers") or {}), **options["headers"]}
            options = {**options, "headers": given}
        following.apply_async((reply,), **options)

    def _go_on(self, chain: Sequence[Any], reply: Any, options: Mapping[str, Any]) -> None:
        """Send the next step of a chain; if there is no way, tell who waits for the last one."""
        *rest, following = chain
        try:
            self._apply(following, reply, {**options, "chain": rest})
        except (OperationalError, *REDIS_ERRORS):
            raise
        except Exception as fault:
            told = JobFailed(f"the next step of the chain cannot be sent: {fault}")
            self._app.backend._fail_chain(list(chain), told)  # noqa: SLF001 - no public way
            raise

    def _signature(self, written: Mapping[str, Any]) -> Any:
        return signature(dict(written), app=self._app)


def _options(ended: EndedTask) -> Mapping[str, Any]:
    """Return to what the tasks that follow belong: to their parent, and to its trace."""
    options: dict[str, Any] = {
        "parent_id": ended.id,
        "root_id": ended.follow_ups.root_id or ended.id,
    }
    return options | ({"headers": ended.trace.headers} if ended.trace else {})


def _request(ended: EndedTask) -> Context:
    """Return the task as Celery's result backend wants to see it."""
    wanted = ended.follow_ups
    return Context(
        id=ended.id,
        root_id=wanted.root_id or ended.id,
        group=wanted.group,
        group_index=wanted.group_index,
        chord=wanted.chord,
        chain=list(wanted.chain),
        errbacks=list(wanted.errbacks),
    )


def _detail(record: JobRecord) -> str:
    try:
        return failure_detail(record.body or b"")
    except (ValueError, TypeError, LookupError):  # a result that Celery itself wrote
        return f"the task was {record.state}"
