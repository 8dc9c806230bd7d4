"""`parley backup`: copy what Redis holds while it serves."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.options import AsJson


def backup(
    file: Annotated[Path, typer.Argument(help="Archive to write, as parley-2026-01-31.tar.")],
    as_json: AsJson = False,
) -> None:
    """Write all that Redis holds into an archive, on the machine where its files are.

    Nothing stops meanwhile. Everything that was acknowledged before the copy began is in it:
    queues, conversations, memory, handovers, API keys, counts, dead letters. To restore it, stop
    Parley, unpack it where the old files were, and start Parley: docs/operations.md.

    [bold]Example[/]

        parley backup backups/parley-monday.tar
    """
    from infra.backup import write_backup
    from infra.cli.output import console, print_json
    from infra.cli.queue_connection import connect_to_partitions
    from shared.errors import StackError

    partitions = connect_to_partitions()
    if not partitions.is_one:
        raise StackError("This is a cluster: back up the files of each of its nodes.")
    made = write_backup(partitions.home, file)
    if as_json:
        print_json(made)
        return
    console().print(
        f"{made.file}: {made.bytes / 1e6:,.1f} MB", markup=False, highlight=False, soft_wrap=True
    )
