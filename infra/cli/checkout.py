"""What `bench` and `chaos` need: a checkout, and packages that only tests and measurements use."""

from importlib.util import find_spec

import typer


def require_checkout(command: str, *packages: str) -> None:
    """Go on if the command can run here; exit with status 2, or raise BenchError, if not."""
    from infra.cli.output import fail
    from shared.errors import BenchError

    if find_spec(f"infra.{command}") is None:
        fail(
            f"`parley {command}` is not part of an installed Parley: "
            f"run `make {command}` in a checkout of the source."
        )
        raise typer.Exit(2)
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        needed = ", ".join(missing)
        raise BenchError(f"`parley {command}` needs {needed}: run `make {command}` once.")
