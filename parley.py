"""The `parley` command. It imports Parley's own packages, whatever lies in the caller's folders.

A folder on PYTHONPATH comes before the installed packages and may hold an `infra.py` or a `shared/`
of its own, so that the command itself has a name that no other package has.
"""

import sys
from pathlib import Path


def main() -> None:
    """Put the folder of Parley's packages first, then run the command."""
    own = str(Path(__file__).resolve().parent)
    if sys.path[:1] != [own]:
        sys.path.insert(0, own)
    from infra.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
