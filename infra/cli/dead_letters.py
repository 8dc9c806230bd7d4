"""`parley dead-letters`: messages that could not be answered, for an operator to judge."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from infra.dead_letters import PartitionedDeadLetterBox, StoredDeadLetter

app = typer.Typer(help="List, retry or drop messages that failed.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them.")]
Tenant = Annotated[str | None, typer.Option(help="Only this tenant's.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


@app.command("list")
def list_letters(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List dead letters, newest first.

    [bold]Examples[/]

        parley dead-letters list
        parley dead-letters list --json | jq -r '.[].id'
    """
    from infra.cli.output import console, print_json
    from infra.cli.tables import print_list

    letters = [boxed for boxed in _box().read() if tenant in (None, boxed.tenant)]
    if as_json:
        print_json([_summary(boxed) for boxed in letters])
        return
    if not letters:
        console().print("No dead letters.")
        return
    fields = [_summary(boxed) for boxed in letters]
    rows = [(each["id"], each["task"] or "?", each["at"], each["reason"]) for each in fields]
    print_list(("id", "task", "at (UTC)", "reason"), rows, console())


@app.command("show")
def show_letter(
    name: Annotated[str, typer.Argument(help="Id as `list` shows it.")], as_json: AsJson = False
) -> None:
    """Show all of one dead letter, the person's message included.

    [bold]Example[/]

        parley dead-letters show order-17
    """
    from infra.cli.output import console, print_json

    boxed = _pick(_box().read(), [name], every=False)[0]
    fields = _summary(boxed) | {
        "traceback": boxed.letter.traceback,
        "message": boxed.letter.raw.decode(errors="replace"),
    }
    if as_json:
        print_json(fields)
        return
    for key, value in fields.items():
        console().print(f"[dim]{key:<10}[/]", end=" ")
        console().print(str(value), markup=False, highlight=False, soft_wrap=True)


@app.command("retry")
def retry_letters(names: Names = None, every: All = False, as_json: AsJson = False) -> None:
    """Put messages back at the tail of their queue, to be answered afresh.

    [bold]Examples[/]

        parley dead-letters retry order-17
        parley dead-letters retry --all
    """
    box = _box()
    _act(box, box.retry, "retried", names, every=every, as_json=as_json)


@app.command("drop")
def drop_letters(names: Names = None, every: All = False, as_json: AsJson = False) -> None:
    """Delete messages for good.

    [bold]Example[/]

        parley dead-letters drop order-17
    """
    box = _box()
    _act(box, box.drop, "dropped", names, every=every, as_json=as_json)


def _act(
    box: "PartitionedDeadLetterBox",
    action: "Callable[[StoredDeadLetter], bool]",
    done: str,
    names: Sequence[str] | None,
    *,
    every: bool,
    as_json: bool,
) -> None:
    from infra.cli.output import console, print_json

    moved = [boxed.name for boxed in _pick(box.read(), names or (), every=every) if action(boxed)]
    if as_json:
        print_json({done: moved})
    else:
        console().print(f"{len(moved)} {done}", highlight=False)


def _pick(
    letters: "Sequence[StoredDeadLetter]", names: Sequence[str], *, every: bool
) -> "list[StoredDeadLetter]":
    """Return the letters meant, oldest first; raise if a name fits none or nothing is named."""
    from shared.errors import CommandMisused, NotFound

    if every == bool(names):
        raise CommandMisused("Name the dead letters (`parley dead-letters list`), or say --all.")
    known = {boxed.name for boxed in letters}
    for name in names:
        if name not in known:
            raise NotFound(f"There is no dead letter {name}: `parley dead-letters list`.")
    return [boxed for boxed in reversed(letters) if every or boxed.name in names]


def _summary(boxed: "StoredDeadLetter") -> dict[str, Any]:
    letter = boxed.letter
    at = datetime.fromtimestamp(letter.at, UTC).isoformat(sep=" ", timespec="seconds")
    return {
        "id": boxed.name,
        "task": letter.task,
        "queue": letter.queue,
        "at": at.removesuffix("+00:00"),
        "reason": letter.reason,
    }


def _box() -> "PartitionedDeadLetterBox":
    from infra.cli.queue_connection import connect_to_partitions
    from infra.dead_letters import PartitionedDeadLetterBox

    return PartitionedDeadLetterBox(connect_to_partitions())
