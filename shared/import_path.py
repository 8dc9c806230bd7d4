"""Where Parley's own packages lie, and how a child process is made to import them and no others.

The folder in which a person stands, or one on PYTHONPATH, may hold a `shared.py` or a `workers/`
of its own. Python, Celery and gunicorn all put such folders before the installed packages.
"""

import os
from collections.abc import Mapping
from pathlib import Path

# The folder that holds gateway, workers, shared and infra: a checkout or site-packages.
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def own_import_path(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables with which a child finds Parley's packages first.

    Start the child in PACKAGE_ROOT: Celery and gunicorn put the working folder first, unless it is
    on the path already. What the caller has on PYTHONPATH stays, behind Parley's own folder; its
    relative folders are made absolute.
    """
    inherited = environment.get("PYTHONPATH")
    entries = inherited.split(os.pathsep) if inherited else []
    folders = [str(PACKAGE_ROOT), *(str(Path(entry).absolute()) for entry in entries)]
    return {"PYTHONPATH": os.pathsep.join(folders), "PYTHONSAFEPATH": "1"}
