"""`parley worker` and `parley flower`: one worker of a queue, or Flower, from whatever folder."""

import os
from typing import Annotated, Literal

import typer

# What is not known here is an option of Celery's worker, or of Flower.
CONTEXT_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def worker(
    context: typer.Context,
    queue: Annotated[
        Literal["inference", "inference-large", "generation", "sentiment"],
        typer.Argument(help="Queue to serve."),
    ],
) -> None:
    """Run a worker of a queue; further options go to Celery's worker. Exits with its code.

    The same as `celery -A workers.celery_app worker -Q QUEUE`, but safe in a folder that has a
    `workers/` or a `shared.py` of its own: Celery imports those first. What other applications
    left in the environment for Celery does not count.

    [bold]Examples[/]

        parley worker inference
        parley worker sentiment --loglevel debug
    """
    _run_celery("worker", "-Q", queue, "-n", f"{queue}@%h", *context.args)


def flower(context: typer.Context) -> None:
    """Run Flower; further options go to it. It asks for PARLEY_FLOWER_BASIC_AUTH if that is set.

    What Kubernetes sets for a service named flower does not count.

    [bold]Example[/]

        parley flower --port=5555
    """
    from shared.environment import parley_variables

    if login := parley_variables(os.environ).get("parley_flower_basic_auth"):
        os.environ["FLOWER_BASIC_AUTH"] = login  # ps would show it on the command line
    _run_celery("flower", "--persistent=False", *context.args)


def _run_celery(*arguments: str) -> None:
    from celery.bin.celery import celery

    import workers.celery_app  # noqa: F401 - before Celery looks for it in the working folder
    from infra.supervisor.foreign_environment import without_foreign

    kept = without_foreign(os.environ)
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    celery.main(["-A", "workers.celery_app", *arguments], prog_name="celery")
