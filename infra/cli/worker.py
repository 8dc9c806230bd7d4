"""`parley worker`: one worker of a queue, from whatever folder."""

from typing import Annotated, Literal

import typer

# What is not known here is an option of Celery's worker.
CONTEXT_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def worker(
    context: typer.Context,
    queue: Annotated[
        Literal["inference", "inference-large", "sentiment"], typer.Argument(help="Queue to serve.")
    ],
) -> None:
    """Run a worker of a queue; further options go to Celery's worker. Exits with its code.

    The same as `celery -A workers.celery_app worker -Q QUEUE`, but safe in a folder that has a
    `workers/` or a `shared.py` of its own: Celery imports those first.
    """
    from celery.bin.celery import celery

    import workers.celery_app  # noqa: F401 - before Celery looks for it in the working folder

    worker = ["worker", "-Q", queue, "-n", f"{queue}@%h", *context.args]
    celery.main(["-A", "workers.celery_app", *worker], prog_name="celery")
