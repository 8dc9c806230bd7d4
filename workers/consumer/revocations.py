"""Celery's own list of revoked tasks, as its remote control keeps it in each worker."""

from celery.worker import state


def is_revoked(task_id: str) -> bool:
    """Return whether a client has revoked a task."""
    return task_id in state.revoked
