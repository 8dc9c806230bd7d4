"""`parley keys`: make, list and revoke API keys."""

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from shared.api_keys import ApiKey, Scope
    from shared.key_store import RedisKeyStore

app = typer.Typer(help="Make, list and revoke the API keys of clients.", no_args_is_help=True)

_UNIT_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MAX_NAME_CHARACTERS = 200


@app.command("create")
def create_key(
    tenant: Annotated[str, typer.Option(help="Whose data it opens.")] = "default",
    scopes: Annotated[
        str, typer.Option(help="What it allows: chat, read, admin, metrics, by commas.")
    ] = "chat",
    name: Annotated[str, typer.Option(help="What it is for, for the list.")] = "",
    expires: Annotated[
        str | None,
        typer.Option(help="Time until it expires, as 12h, 30d or 8w \\[default: never]."),
    ] = None,
    rate_limit: Annotated[
        str | None, typer.Option(help="Its own limit, as 20/s \\[default: PARLEY_RATE_LIMIT].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once.

    [bold]Examples[/]

        parley keys create --name "the shop's widget"
        parley keys create --tenant acme --scopes chat,read --expires 30d --rate-limit 20/s
    """
    from infra.cli.output import console, print_json
    from shared.api_keys import ApiKey, digest_of, new_key

    now = time.time()
    key_id, secret = new_key()
    made = ApiKey(
        id=key_id,
        tenant=_tenant(tenant),
        scopes=_scopes(scopes),
        name=_name(name),
        created_at=now,
        expires_at=now + _seconds(expires) if expires else None,
        rate_limit=_rate_limit(rate_limit),
    )
    _store().create(digest_of(secret), made)
    if as_json:
        print_json({"key": secret, **_fields(made)})
        return
    print(secret)
    console().print(
        f"Only its digest is kept: it is not shown again. Id {made.id}, {_told(made)}.",
        style="dim",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List keys, the oldest first; what a client sends is kept nowhere.

    [bold]Example[/]

        parley keys list --tenant acme
    """
    from infra.cli.output import console, print_json
    from infra.cli.tables import print_list

    found = [key for key in _store().all_keys() if tenant in (None, key.tenant)]
    if as_json:
        print_json([_fields(key) for key in found])
        return
    if not found:
        console().print("No keys.")
        return
    head = ("id", "tenant", "scopes", "created", "expires", "last used", "limit", "name")
    print_list(head, [[value or "" for value in _row(key)] for key in found], console())


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="Id as `list` shows it.")], as_json: AsJson = False
) -> None:
    """Refuse a key from now on; gateways know within 5 s.

    [bold]Example[/]

        parley keys revoke 1054f42845
    """
    from infra.cli.output import console, fail, print_json
    from shared.errors import NotFound

    store = _store()
    if not store.revoke(key_id):
        raise NotFound(f"There is no key {key_id[:80]}: `parley keys list`.")
    last = not store.has_keys()
    if as_json:
        print_json({"revoked": key_id, "last": last})
        return
    console().print("revoked")
    if last:
        fail(
            "It was the last one: a gateway on 127.0.0.1, or with PARLEY_OPEN_ACCESS, now lets "
            "everybody in unless PARLEY_API_KEYS has one."
        )


def _row(key: "ApiKey") -> tuple[str | None, ...]:
    from shared.api_keys import show_scopes

    expires = "never" if key.expires_at is None else _day(key.expires_at)
    return (
        key.id,
        key.tenant,
        show_scopes(key.scopes),
        _day(key.created_at),
        f"{expires} (expired)" if key.is_expired(time.time()) else expires,
        key.last_used,
        key.rate_limit,
        key.name,
    )


def _fields(key: "ApiKey") -> dict[str, object]:
    from shared.api_keys import show_scopes

    return {
        "id": key.id,
        "tenant": key.tenant,
        "scopes": show_scopes(key.scopes).split(","),
        "name": key.name,
        "created": _time(key.created_at),
        "expires": None if key.expires_at is None else _time(key.expires_at),
        "last_used": key.last_used,
        "rate_limit": key.rate_limit,
    }


def _told(key: "ApiKey") -> str:
    until = f"until {_time(key.expires_at)}" if key.expires_at else "never expires"
    return f"tenant {key.tenant}, scopes {', '.join(sorted(key.scopes))}, {until}"


def _day(seconds: float) -> str:
    return _time(seconds)[:10]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _tenant(name: str) -> str:
    from shared.errors import CommandMisused
    from shared.tenants import is_tenant_name

    if not is_tenant_name(name):
        raise CommandMisused("--tenant takes 1 to 63 lower-case letters, digits and hyphens.")
    return name


def _scopes(text: str) -> "frozenset[Scope]":
    from shared.api_keys import read_scopes
    from shared.errors import CommandMisused

    try:
        return read_scopes(text.split(","))
    except ValueError as error:
        raise CommandMisused(f"--scopes: {error}.") from None


def _name(text: str) -> str:
    from shared.errors import CommandMisused

    if len(text) > _MAX_NAME_CHARACTERS or not text.isprintable():
        raise CommandMisused(f"--name takes at most {_MAX_NAME_CHARACTERS} printable characters.")
    return text


def _seconds(text: str) -> int:
    from shared.errors import CommandMisused

    found = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip().lower())
    if found is None or found[1].strip("0") == "":
        raise CommandMisused("--expires takes a time such as 90m, 12h, 30d or 8w.")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def _rate_limit(text: str | None) -> str | None:
    from shared.errors import CommandMisused
    from shared.rate_limits import read_rate_limit

    if text is None:
        return None
    try:
        read_rate_limit(text)
    except ValueError as error:
        raise CommandMisused(f"--rate-limit: {error}.") from None
    return text.strip()


def _store() -> "RedisKeyStore":
    from infra.cli.queue_connection import connect_to_queue
    from shared.key_store import RedisKeyStore

    return RedisKeyStore(connect_to_queue())
