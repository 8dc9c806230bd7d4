"""`parley handovers`: conversations that need a person, for people without a help desk."""

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from infra.cli.gateway_client import GatewayClient
    from infra.cli.tenant_handovers import TenantHandovers

app = typer.Typer(
    help="List, claim, answer and close what a person must take over.", no_args_is_help=True
)

_tenant: ContextVar[str | None] = ContextVar("tenant", default=None)

Url = Annotated[
    str | None, typer.Option("--url", help="Gateway to ask \\[default: this machine's].")
]
Id = Annotated[str, typer.Argument(help="Id as `list` shows it.")]
By = Annotated[str, typer.Option("--by", help="Your name, as the customer will read it.")]


@app.callback()
def choose_tenant(
    tenant: Annotated[
        str | None,
        typer.Option(help="Tenant, read from Redis itself \\[default: that of PARLEY_API_KEY]."),
    ] = None,
) -> None:
    """List, claim, answer and close what a person must take over."""
    _tenant.set(tenant)


@app.command("list")
def list_handovers(
    state: Annotated[str, typer.Option(help="open, claimed, closed or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List handovers, the oldest first.

    [bold]Examples[/]

        parley handovers list
        parley handovers list --state all --limit 500
        parley handovers list --json | jq -r '.handovers[].id'
    """
    from infra.cli.output import console, print_json
    from infra.cli.tables import print_list

    page = _client(url).call("GET", f"/handovers?state={_quoted(state)}&limit={limit}")
    if as_json:
        print_json(page)
        return
    if not page["handovers"]:
        console().print("No handovers.")
        return
    several = state != "open"  # else the column would say the same in each row
    head = ("id", "since (UTC)", "reason", *(("state",) if several else ()), "last message")
    rows = [_row(each, with_state=several) for each in page["handovers"]]
    print_list(head, rows, console())
    if page["next"]:
        console().print("There are more: --limit 500, or --json and its cursor.", style="dim")


@app.command("show")
def show_handover(handover_id: Id, url: Url = None, as_json: AsJson = False) -> None:
    """Show one with its summary and all that was said.

    [bold]Example[/]

        parley handovers show 5e7f…
    """
    from infra.cli.output import console, print_json
    from infra.cli.tables import print_fields

    client = _client(url)
    found = client.call("GET", f"/handovers/{_quoted(handover_id)}")
    conversation = client.call("GET", f"/conversations/{_quoted(found['conversation_id'])}")
    if as_json:
        print_json(found | {"turns": conversation["turns"]})
        return
    summary = found["summary"]
    pairs = [
        ("id", found["id"]),
        ("state", _state(found)),
        ("since", f"{_time(found['opened_at'])} UTC"),
        ("reason", found["reason"]),
        ("user", found["user_id"] or "unknown"),
        ("tried", ", ".join(each["id"] for each in summary["tried"]) or "nothing"),
        ("tones", " → ".join(summary["tones"]) or "unknown"),
        ("note", found["note"] or ""),
        *((_speaker(turn), turn["text"]) for turn in conversation["turns"]),
    ]
    print_fields([(label, str(value)) for label, value in pairs if value], console())


@app.command("claim")
def claim_handover(handover_id: Id, by: By, url: Url = None, as_json: AsJson = False) -> None:
    """Take a conversation over: the bot is silent there until it is closed.

    [bold]Example[/]

        parley handovers claim 5e7f… --by anna
    """
    _act(url, handover_id, "claim", {"by": by}, "claimed", as_json=as_json)


@app.command("reply")
def reply_handover(
    handover_id: Id,
    text: Annotated[str, typer.Argument(help="What the customer reads.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say something to the customer, in the name of whoever has claimed it.

    [bold]Example[/]

        parley handovers reply 5e7f… "I am looking for your parcel."
    """
    _act(url, handover_id, "reply", {"text": text}, "sent", as_json=as_json)


@app.command("release")
def release_handover(handover_id: Id, url: Url = None, as_json: AsJson = False) -> None:
    """Give it back: it waits for a person again.

    [bold]Example[/]

        parley handovers release 5e7f…
    """
    _act(url, handover_id, "release", {}, "released", as_json=as_json)


@app.command("close")
def close_handover(
    handover_id: Id,
    by: Annotated[str | None, typer.Option("--by", help="Your name, for the record.")] = None,
    note: Annotated[str | None, typer.Option(help="For the record.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let the bot answer again; the customer is told nothing.

    [bold]Example[/]

        parley handovers close 5e7f… --by anna --note "Parcel found."
    """
    given = {"by": by, "note": note}
    body = {name: text for name, text in given.items() if text}
    _act(url, handover_id, "close", body, None, as_json=as_json)


def _act(
    url: str | None,
    handover_id: str,
    action: str,
    body: dict[str, str],
    done: str | None,
    *,
    as_json: bool,
) -> None:
    from infra.cli.output import console, print_json

    answer = _client(url).call("POST", f"/handovers/{_quoted(handover_id)}/{action}", body)
    if as_json:
        print_json(answer)
    else:
        console().print(done or _state(answer), markup=False, highlight=False)


def _row(handover: dict[str, Any], *, with_state: bool) -> tuple[str, ...]:
    asked = handover["summary"]["asked"]
    return (
        handover["id"],
        _time(handover["opened_at"])[5:16],  # month to minute: columns are few
        handover["reason"],
        *((_state(handover),) if with_state else ()),
        asked[-1] if asked else "",
    )


def _state(handover: dict[str, Any]) -> str:
    """Return the state and whose doing it is; an older gateway does not say who closed."""
    state, holder = str(handover["state"]), handover["claimed_by"]
    if state == "claimed":
        return f"claimed by {holder}"
    if state == "closed" and handover.get("closed_by"):
        return f"closed by {handover['closed_by']}"
    return f"closed; {holder} had it" if state == "closed" and holder else state


def _speaker(turn: dict[str, Any]) -> str:
    if turn["role"] == "user":
        return "customer"
    return turn.get("by") or "parley"


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
    return moment.removesuffix("+00:00")


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _client(url: str | None) -> "GatewayClient | TenantHandovers":
    if (tenant := _tenant.get()) is not None:
        from infra.cli.tenant_handovers import open_tenant

        return open_tenant(tenant)
    from infra.cli.talk import connect_to_gateway

    return connect_to_gateway(url)
