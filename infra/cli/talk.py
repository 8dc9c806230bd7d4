"""`parley ask` and `parley chat`: questions to a running gateway."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from infra.cli.gateway_client import GatewayClient

Url = Annotated[str | None, typer.Option("--url", help="Gateway to ask [default: this machine's].")]


def ask(
    text: Annotated[str, typer.Argument(help="What to ask.")],
    url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")] = False,
) -> None:
    """Ask one question and print the answer."""
    from infra.cli.output import console, print_json

    reply = connect_to_gateway(url).chat(text)
    if as_json:
        print_json(reply)
    else:
        show_reply(reply, console())


def chat(url: Url = None) -> None:
    """Hold a conversation; leave it with Ctrl-D."""
    import readline  # noqa: F401 - gives input() its history and line editing

    from infra.cli.output import console

    client, screen = connect_to_gateway(url), console()
    screen.print(f"[dim]{client.url} · Ctrl-D ends the conversation[/]\n", highlight=False)
    conversation_id: str | None = None
    for message in _lines():
        conversation_id = _turn(client, screen, message, conversation_id)


def _turn(
    client: "GatewayClient", screen: "Console", message: str, conversation_id: str | None
) -> str | None:
    """Ask one thing within the conversation; a refusal is shown and the conversation goes on."""
    from infra.cli.output import fail
    from shared.errors import GatewayUnavailable

    try:
        with screen.status(""):
            reply = client.chat(message, conversation_id)
    except GatewayUnavailable as error:
        fail(f"{error}\n")
        return conversation_id
    show_reply(reply, screen)
    return str(reply["conversation_id"])


def show_reply(reply: dict[str, Any], screen: "Console") -> None:
    """Print an answer's Markdown, and below it how it came about."""
    from rich.markdown import Markdown

    screen.print()
    screen.print(Markdown(reply["response"]))
    screen.print(f"\n{_footnote(reply)}\n", style="dim", highlight=False, markup=False)


def _footnote(reply: dict[str, Any]) -> str:
    tone, answer = reply["tone"], reply["answer"]
    sound = tone["label"] if tone["label"] == "unknown" else f"{tone['label']} {tone['score']:.2f}"
    source = f"{answer['kind']} {answer['id'] or ''}".strip()
    parts = [
        f"tone {sound}",
        source,
        f"confidence {answer['confidence']:.2f}",
        f"{reply['timings']['total_ms']:.0f} ms",
        *(["second look"] if reply.get("encoder") == "large" else []),
    ]
    return " · ".join(parts)


def _lines() -> Iterator[str]:
    while True:
        try:
            line = input("› ").strip()
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if line:
            yield line


def connect_to_gateway(url: str | None) -> "GatewayClient":
    """Return a client of the gateway at this address, or of this machine's, with our key."""
    from gateway.settings import GatewaySettings
    from infra.cli.gateway_client import GatewayClient
    from infra.client_settings import key_headers
    from infra.supervisor.settings import local_url
    from shared.settings import load

    return GatewayClient(url or local_url(load(GatewaySettings)), headers=key_headers())
