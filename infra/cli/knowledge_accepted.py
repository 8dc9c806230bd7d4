"""`parley kb accepted`: what editors accepted in the desk, on its way into the base's files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_status import ExitStatus
from infra.cli.knowledge import worker_settings
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.queue.drafts import KnownDraft
    from workers.modelling.knowledge.draft_files import WrittenDrafts


def accepted(
    path: Annotated[
        Path | None, typer.Argument(help="File or folder of the base; PARLEY_KB without it.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write them into the files.")] = False,
    tenant: Annotated[str, typer.Option(help="Tenant whose editors accepted them.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Show what was accepted in the desk and is in no file yet; --write puts it there.

    Workers answer with it either way. New entries go into accepted.yaml, wordings into the entry's
    own file, in which all else stays as it is. What was refused stays in the desk.

    [bold]Examples[/]

        parley kb accepted
        parley kb accepted --write faq.yaml
    """
    from gateway.queue.drafts import RedisDrafts
    from infra.cli.output import print_json
    from infra.cli.queue_connection import connect_to_queue
    from infra.traffic.reading import tenants_to_read
    from workers.modelling.knowledge.draft_files import write_drafts

    client = connect_to_queue()
    (name,) = tenants_to_read(client, tenant)
    box = RedisDrafts(client)
    known = box.all_of(name)
    if not write:
        print_json(known) if as_json else _show(known)
        return
    written = write_drafts(_own_base(path, name), [each.draft for each in known])
    box.forget(name, [each.draft for each in known if each.draft.id in written.drafts])
    if as_json:
        print_json(written)
    else:
        _show_written(written)
    if written.by_hand:
        raise typer.Exit(ExitStatus.FAILED)


def _own_base(path: Path | None, tenant: str) -> Path:
    """Return the base that a tenant's drafts belong to; raise KnowledgeError if none is named."""
    from shared.errors import KnowledgeError
    from shared.tenants import DEFAULT_TENANT
    from workers.knowledge.files import TENANTS

    base = path or worker_settings().kb
    if base is None:
        raise KnowledgeError("The demo base belongs to the package: name your own, or PARLEY_KB.")
    if not base.exists():
        raise KnowledgeError(f"{base}: no such file or folder.")
    return base if tenant == DEFAULT_TENANT else base / TENANTS / tenant


def _show(known: "Sequence[KnownDraft]") -> None:
    from infra.cli.output import console

    for each in known:
        draft, outcome = each.draft, each.outcome
        state = outcome.state.replace("_", " ") if outcome else "waiting"
        what = draft.question or "; ".join(draft.phrasings)
        kind = "new entry" if draft.kind == "entry" else "wordings of"
        console().print(f"{state:<9} {kind} {draft.entry}: {what}", markup=False, highlight=False)
        if outcome and outcome.reason:
            console().print(f"          {outcome.reason}", style="dim", markup=False)
    console().print(f"{len(known)} accepted", highlight=False)


def _show_written(written: "WrittenDrafts") -> None:
    from infra.cli.output import console, print_done

    for name, outcome in written.outcomes.items():
        if outcome.state == "refused":
            told = f"left in the desk: {name}: {outcome.reason}"
            console().print(told, style="red", markup=False, highlight=False, soft_wrap=True)
    if written.by_hand:
        told = f"left in the desk, add them by hand: wordings of {', '.join(written.by_hand)}"
        console().print(told, style="red", markup=False, highlight=False, soft_wrap=True)
    for file in written.files:
        console().print(f"Written: {file}", highlight=False, markup=False, soft_wrap=True)
    print_done(f"{len(written.drafts)} accepted, now in the files")
