"""Parley's entry points, under a name of its own: the `parley` command and the Celery application.

They import Parley's own packages, whatever lies in the caller's folders. Python and Celery look
into the working folder and those on PYTHONPATH before the installed packages, and such a folder
may hold an `infra.py` or a `workers/` of its own: `celery -A parley:celery_app worker -Q inference`
takes Parley's all the same.
"""

import sys
from pathlib import Path


def main() -> None:
    """Run the command."""
    _put_own_packages_first()
    from infra.cli.main import main as run

    run()


def __getattr__(name: str) -> object:
    """Import the Celery application when it is asked for: the command has no need of it."""
    if name != "celery_app":
        raise AttributeError(f"module 'parley' has no attribute {name!r}")
    _put_own_packages_first()
    from workers.celery_app import app

    return app


def _put_own_packages_first() -> None:
    own = str(Path(__file__).resolve().parent)
    if sys.path[:1] != [own]:
        sys.path.insert(0, own)


if __name__ == "__main__":
    main()
