"""The `parley` command: its subcommands, and how errors reach a person.

Heavy imports stay inside the functions that need them, so that `parley --help` is quick.
"""

import signal
import sys
from typing import Annotated

import typer

from infra.cli import (
    backup,
    bench,
    chaos,
    chat,
    completion,
    dead_letters,
    evaluate,
    handovers,
    job,
    keys,
    knowledge,
    knowledge_accepted,
    knowledge_check,
    knowledge_status,
    knowledge_traffic,
    model,
    report,
    talk,
    tone,
    top,
    worker,
)
from infra.cli.exit_status import ExitStatus, exit_status_of
from infra.cli.help_text import flow_help
from infra.cli.options import AsJson
from infra.cli.output import fail, tolerate_foreign_text
from shared.errors import ParleyError
from shared.home_folder import provide_home_folder

app = typer.Typer(
    help="Answer chat messages from your own knowledge base.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog="[dim]Exit statuses[/]\n\n"
    + "\n\n".join(f"{int(status):>3}  {status.meaning}" for status in ExitStatus),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def up(
    inference: Annotated[
        int | None, typer.Option(min=1, max=64, help="Inference workers to start.")
    ] = None,
) -> None:
    """Start every service on this machine and keep it up until Ctrl-C.

    Ports, folders and sizes come from PARLEY_* settings; what is missing is built first.

    [bold]Examples[/]

        parley up
        parley up --inference 2
    """
    from infra.cli.output import console
    from infra.supervisor.runner import run_stack
    from infra.supervisor.settings import StackSettings
    from shared.settings import load

    chosen = {} if inference is None else {"inference_workers": inference}
    run_stack(load(StackSettings, **chosen), console())


def doctor(
    as_json: AsJson = False,
) -> None:
    """Check this machine and report what would keep Parley from running.

    [bold]Examples[/]

        parley doctor
        parley doctor --json | jq '.findings[] | select(.state == "fail")'
    """
    from infra.cli.doctor import examine, show

    if not show(examine(), as_json=as_json):
        raise typer.Exit(ExitStatus.DEGRADED)


_RUN, _TALK, _WATCH = "Run", "Talk", "Watch and operate"
_IMPROVE, _MEASURE = "Improve answers", "Measure Parley itself"
for name, command, panel in (
    ("up", up, _RUN),
    ("doctor", doctor, _RUN),
    ("ask", talk.ask, _TALK),
    ("chat", chat.chat, _TALK),
    ("top", top.top, _WATCH),
    ("job", job.job, _WATCH),
    ("backup", backup.backup, _WATCH),
    ("report", report.report, _IMPROVE),
    ("evaluate", evaluate.evaluate, _IMPROVE),
    ("bench", bench.bench, _MEASURE),
    ("chaos", chaos.chaos, _MEASURE),
    ("completion", completion.completion, _RUN),
):
    app.command(name, rich_help_panel=panel)(command)
knowledge.app.command("check")(knowledge_check.check_base)
knowledge.app.command("status")(knowledge_status.status)
knowledge.app.command("gaps")(knowledge_traffic.gaps)
knowledge.app.command("accepted")(knowledge_accepted.accepted)
knowledge.app.command("suggest")(knowledge_traffic.suggest)
for name, process in (("worker", worker.worker), ("flower", worker.flower)):
    app.command(name, context_settings=worker.CONTEXT_SETTINGS, rich_help_panel=_RUN)(process)
for name, group, panel in (
    ("handovers", handovers.app, _TALK),
    ("dead-letters", dead_letters.app, _WATCH),
    ("keys", keys.app, _WATCH),
    ("kb", knowledge.app, _IMPROVE),
    ("model", model.app, _IMPROVE),
    ("tone", tone.app, _IMPROVE),
):
    app.add_typer(group, name=name, rich_help_panel=panel)


def main() -> None:
    """Run the command; an error that was raised on purpose becomes one sentence, not a trace."""
    provide_home_folder()
    tolerate_foreign_text()
    # What was begun is undone, and the terminal left as it was, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = typer.main.get_command(app)
    flow_help(command)
    try:
        command(prog_name="parley")
    except ParleyError as error:
        fail(str(error))
        sys.exit(exit_status_of(error))
    except UnicodeEncodeError:  # from the command line: Python keeps such bytes apart
        fail("A text among the arguments is not UTF-8.")
        sys.exit(ExitStatus.USAGE)


if __name__ == "__main__":
    main()
