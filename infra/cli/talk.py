"""`parley ask`: one question to a running gateway."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.cli.gateway_client import GatewayClient

Url = Annotated[
    str | None, typer.Option("--url", help="Gateway to ask \\[default: this machine's].")
]


def ask(
    text: Annotated[str, typer.Argument(help="What to ask.")],
    url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")] = False,
) -> None:
    """Ask one question and print the answer.

    [bold]Examples[/]

        parley ask "Where is my parcel?"
        parley ask "Where is my parcel?" --json | jq .answer
    """
    from infra.cli.output import console, print_json
    from infra.cli.reply_view import show_reply

    reply = connect_to_gateway(url).chat(text)
    if as_json:
        print_json(reply)
    else:
        show_reply(reply, console())


def connect_to_gateway(url: str | None) -> "GatewayClient":
    """Return a client of the gateway at this address, or of this machine's, with our key.

    Raises CommandMisused if that is no address.
    """
    from gateway.settings import GatewaySettings
    from infra.cli.gateway_client import GatewayClient
    from infra.client_settings import key_headers
    from infra.http_client import is_http_url
    from infra.supervisor.settings import local_url
    from shared.errors import CommandMisused
    from shared.settings import load

    if url is not None and not is_http_url(url):
        raise CommandMisused(f"--url is an address as https://chat.example.org, not {url!r}.")
    return GatewayClient(url or local_url(load(GatewaySettings)), headers=key_headers())
